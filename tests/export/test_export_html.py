"""The HTML player: whole in one file, deaf to the network, and unbroken by any text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from drawing_samples import hostile_text
from hypothesis import given, settings

from graphviz_app.export import Source
from graphviz_app.export.html import html_chunks, player_html
from graphviz_app.recording import events as ev
from graphviz_app.scene.theme import DARK, LIGHT
from tests.support_synthetic import accumulation


def html_of(recording, theme=LIGHT):
    source = Source(recording)
    chapter = source.timeline.chapters[-1]
    return "".join(html_chunks(source, theme, chapter, source.timeline.step_count, lambda _: None))


class Page(HTMLParser):
    """Elements, and the text of the scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._script = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._script = dict(attrs).get("type", "code")

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, data):
        if self._script is not None:
            self.scripts.append((self._script, data))


@pytest.fixture(scope="module")
def page():
    return html_of(accumulation().recording("w = ...\n(w * 3).sum().backward()\n"))


@pytest.fixture(scope="module")
def data(page):
    return json.loads(next(text for kind, text in Page(page).scripts if kind == "application/json"))


def test_nothing_is_loaded_from_anywhere(page):
    for _, attributes in Page(page).tags:
        for name in ("src", "href", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"url\((?!data:)", page)
    policy = next(a["content"] for tag, a in Page(page).tags if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'")


def test_only_our_own_script_may_run(page):
    code = next(text for kind, text in Page(page).scripts if kind == "code")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert not any(name.startswith("on") for _, attributes in Page(page).tags for name in attributes)


def test_every_step_has_a_picture_that_is_valid_svg(data):
    assert len(data["steps"]) == data["last"] + 1
    for step in data["steps"]:
        runs = step["runs"]
        parts = [
            data["elements"][first + k]
            for first, count in zip(runs[::2], runs[1::2], strict=True)
            for k in range(count)
        ]
        ElementTree.fromstring(f"<svg>{''.join(parts)}</svg>")
        assert data["views"][step["view"]]


def test_the_running_line_the_ledger_and_the_output_are_there(data):
    assert data["source"][1] == "(w * 3).sum().backward()"
    assert {step["line"] for step in data["steps"]} == {0, 2}
    assert [row[1:] for row in data["ledger"]] == [
        ["w.grad", "1", "None", "+ [3, 3, 3, 3] =", "[3, 3, 3, 3]"],
        ["w.grad", "2", "[3, 3, 3, 3]", "+ [3, 3, 3, 3] =", "[6, 6, 6, 6]"],
    ]
    assert [text for _, _, text in data["printed"]] == ["pass 0\n", "pass 1\n"]


def test_gradients_move_and_the_player_starts_where_the_first_pass_does(data):
    assert sum("moves" in step for step in data["steps"]) == 6
    assert data["steps"][data["start"]]["starts"]


def test_shapes_that_stay_are_kept_once(data):
    drawn = sum(sum(step["runs"][1::2]) for step in data["steps"])
    assert len(data["elements"]) < drawn / 4


def test_it_comes_in_dark_too():
    assert DARK.background in html_of(accumulation().recording(), DARK)


@settings(max_examples=25, deadline=None)
@given(hostile_text())
def test_no_text_of_the_programs_breaks_the_page(text):
    clean = text.encode("utf-8", "replace").decode()
    script = accumulation(passes=1)
    script.events[0] = ev.SourceRead(0, "program.py", clean)
    script.events[1] = ev.LeafFound(0, 0, clean, 0)
    script.add(ev.Printed("stdout", clean), ev.NameBound(1, clean))
    parsed = Page(html_of(script.recording(clean)))
    assert [kind for kind, _ in parsed.scripts] == ["application/json", "code"]
    assert json.loads(parsed.scripts[0][1])["elements"]
    assert sum(tag == "script" for tag, _ in parsed.tags) == 2


def test_a_run_too_long_to_play_shows_one_pass_and_says_so():
    page = html_of(accumulation(passes=220).recording())
    data = json.loads(next(text for kind, text in Page(page).scripts if kind == "application/json"))
    assert len(data["steps"]) < 1300
    assert "shows Pass 220 alone" in page


def test_a_notebook_gets_the_same_player():
    recording = accumulation().recording("w = ...")
    source = Source(recording)
    assert player_html(recording) == player_html(source)
    assert "prefers-reduced-motion" in player_html(source, theme="dark")
