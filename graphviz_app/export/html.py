"""A player in one HTML file: every step as a picture, the source, the ledger, and a small script; it needs no network.

Texts of the user's go into the file as JSON in an inert block and as escaped SVG, never as script; a content security
policy lets nothing run but our own script, known by its hash, and lets nothing be loaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_app.export.player_steps import PlayerSteps
from graphviz_app.export.source import Source, last_picture_step
from graphviz_app.export.svg import font_style
from graphviz_app.export.text import visible_text, xml_text
from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.shapes import Text
from graphviz_app.scene.theme import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphviz_app.recording import Recording
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import Chapter, LedgerEntry

MOST_LEDGER_LINES = 2000
MOST_PRINTED_CHARACTERS = 200_000
_HERE = Path(__file__).parent
_ASCII = "".join(map(chr, range(32, 127)))


def html_chunks(
    source: Source, theme: Theme, chapter: Chapter, step: int, progress: Callable[[float], None]
) -> Iterator[str]:
    """The text of the HTML file.

    Args:
        source: What to play.
        theme: In which colours.
        chapter: The chapter to play where the run is too long to play all of it.
        step: The step that is shown without scripts; with them the player starts where the first pass does.
        progress: Called with what part is done.
    """
    steps = PlayerSteps(source, theme, chapter, progress)
    script = (_HERE / "player.js").read_text("utf-8")
    shown = next((item for item in steps.items if item["step"] >= step), steps.items[-1])
    values = {
        "title": xml_text(source.title),
        "caption": xml_text(shown["caption"]),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
        "style": _filled((_HERE / "player.css").read_text("utf-8"), theme._asdict()),
        "fonts": _fonts(steps),
        "first_picture": steps.picture(shown["runs"]),
        "notice": f'<p class="notice">{xml_text(steps.notice)}</p>' if steps.notice else "",
        "data": _script_json(_data(source, steps)),
        "script": script,
    }
    yield _filled((_HERE / "player.html").read_text("utf-8"), values)


def player_html(recording: Recording | Source, *, theme: str = "light") -> str:
    """The player of a recording as one text, for a notebook or a web page.

    Raises:
        ExportError: If the graph cannot be laid out.
        KeyError: If there is no such theme.
    """
    source = recording if isinstance(recording, Source) else Source(recording)
    chapter = source.chapter(None, None)
    step = last_picture_step(chapter, source.timeline)
    return "".join(html_chunks(source, THEMES[theme], chapter, step, lambda _: None))


def _data(source: Source, steps: PlayerSteps) -> dict[str, Any]:
    return {
        "elements": steps.elements,
        "views": steps.views,
        "steps": steps.items,
        "start": next((index for index, item in enumerate(steps.items) if "starts" in item), len(steps.items) - 1),
        "last": source.timeline.step_count,
        "source": [visible_line(line) for line in re.split(r"\r\n|\r|\n", source.recording.program.source.rstrip())],
        "printed": _printed(source),
        "ledger": _ledger(source),
    }


def visible_line(line: str) -> str:
    """A line of a program with its tabs as spaces and nothing that hides other text."""
    return visible_text(line.expandtabs(4))


def _printed(source: Source) -> list[tuple[int, str, str]]:
    printed: list[tuple[int, str, str]] = []
    left = MOST_PRINTED_CHARACTERS
    for number in source.timeline.events_of(ev.Printed).tolist():
        event = source.recording.event(number)
        if left <= 0 or not isinstance(event, ev.Printed):
            break
        lines = "\n".join(visible_line(line) for line in event.text[:left].split("\n"))
        printed.append((source.timeline.step_of_event(number), event.stream, lines))
        left -= len(event.text)
    return printed


def _ledger(source: Source) -> list[tuple[int | str, ...]]:
    entries = source.timeline.ledger.entries(0, MOST_LEDGER_LINES)
    return [_ledger_line(source, entry) for entry in entries]


def _ledger_line(source: Source, entry: LedgerEntry) -> tuple[int | str, ...]:
    def text(number: int) -> str:
        return tensor_text(source.recording.value(number), 48)

    what = f"+ {text(entry.contribution)} =" if entry.kind == "accumulated" else f"{entry.how or entry.kind} →"
    name = visible_text(source.timeline.leaf_name(entry.leaf))
    leaf = name if entry.kind == "updated" else f"{name}.grad"
    return (
        entry.step,
        leaf,
        pass_name(source.recording, entry.pass_id),
        text(entry.before),
        visible_text(what),
        text(entry.after),
    )


def _fonts(steps: PlayerSteps) -> str:
    """The characters of all pictures and, for the panels, all of ASCII."""
    used = "".join(sorted(steps.characters | set(_ASCII)))
    shapes = [Text(0, 0, used, 1, "#000000", bold) for bold in (False, True)]
    return font_style(shapes).removeprefix("<style>").removesuffix("</style>")


def _script_json(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _filled(template: str, values: dict[str, str]) -> str:
    # In one go, so that nothing that was put in is ever taken for a placeholder.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found.group(1)], template)
