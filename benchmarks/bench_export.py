"""Exports, each beside the least that anybody could do for the same file; `ratio` is how many times longer ours takes.

- SVG of a large graph against its display list: what writing costs on top of knowing what to draw.
- JSON against `json.dumps` of the finished document: what reading the recording costs on top of writing.
- A film against rasterising every one of its pictures whole.
- Derivative checks of every call of a run against decoding its values.
"""

import json
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from graphviz_app.explain.call import Call
from graphviz_app.explain.checks import check_call
from graphviz_app.export import Source
from graphviz_app.export.film import film_pictures, gif_bytes, shots
from graphviz_app.export.json import json_chunks
from graphviz_app.export.png import picture
from graphviz_app.export.svg import svg_text
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import transformer
from tests.support_synthetic import accumulation


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(benchmark, ours, theirs, rounds=3):
    """Time ours, and note how many times longer it takes than theirs, both at their best."""
    benchmark.pedantic(ours, rounds=rounds, warmup_rounds=1)
    best = min(seconds(theirs) for _ in range(rounds))
    benchmark.extra_info["ratio"] = round(benchmark.stats.stats.min / best, 2)
    benchmark.extra_info["theirs_ms"] = round(1e3 * best, 1)


@pytest.fixture(scope="module")
def large():
    source = Source(transformer(12))
    source.picture(0)
    return source


def test_svg_of_a_transformer(benchmark, large):
    step = large.timeline.chapters[0].last_step
    drawing = large.drawing(step, LIGHT)
    compare(benchmark, lambda: svg_text(drawing, embed_font=False), lambda: large.drawing(step, LIGHT))
    benchmark.extra_info.update(boxes=len(large.picture(0).graph.boxes), shapes=len(drawing.shapes))


def test_json_of_a_training_loop(benchmark):
    recording = accumulation(passes=300).recording()
    timeline = Timeline(recording)
    document = json.loads("".join(json_chunks(recording, timeline)))
    compare(benchmark, lambda: "".join(json_chunks(recording, timeline)), lambda: json.dumps(document))


def test_film_of_one_pass(benchmark):
    source = Source(accumulation().recording())
    chapter = source.timeline.chapters[-1]
    planned = shots(source, chapter.first_step, chapter.last_step)

    def ours():
        gif_bytes(film_pictures(source, planned, LIGHT, 1.0, lambda _: None))

    def whole():
        pictures = ((picture(source.drawing(s.step, LIGHT, s.phase)).convert("RGB"), s.milliseconds) for s in planned)
        gif_bytes(pictures)

    compare(benchmark, ours, whole)


def test_checking_every_gradient(benchmark):
    recording = accumulation(passes=300).recording()
    timeline = Timeline(recording)
    calls = timeline.events_of(ev.NodeCalled).tolist()

    def check():
        for number in calls:
            called = recording.event(number)
            check_call(Call(timeline, called.node, called))

    compare(benchmark, check, lambda: [elements(recording.value(number)) for number in range(recording.value_count)])
