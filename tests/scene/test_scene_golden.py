"""Whole frames against files that a person has looked at.

`REWRITE_GOLDEN=1 pytest tests/scene/test_scene_golden.py` writes them anew; review what changed as a diff. Boxes are
put one below the other, so that the files say nothing about layout.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from graphviz_app.layout.model import GroupPlace, Layout
from graphviz_app.recording import events as ev
from graphviz_app.scene.frame import FrameOptions
from graphviz_app.scene.picture import build_picture
from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, transformer
from tests.support_synthetic import accumulation

GOLDEN = Path(__file__).parent / "golden"


def stacked(request):
    """Boxes one below the other, links straight from box to box."""
    centres, y = [], 20.0
    for box in request.boxes:
        centres.append((200.0, y + box.height / 2))
        y += box.height + 60
    centres = np.array(centres, np.float32).reshape(-1, 2)
    curves = tuple(
        np.linspace(centres[link.source], centres[link.target], 4, dtype=np.float32) for link in request.links
    )
    labels = np.array([curve.mean(axis=0) for curve in curves], np.float32).reshape(-1, 2)
    places = tuple(GroupPlace(group.path, 10.0, 10.0, 380.0, y) for group in request.groups)
    return Layout(400.0, y, centres, curves, labels, places, "stacked")


def fan_in():
    program = Program("y = x * x + data\n")
    x, data = program.leaf("x", [2.0, -1.0]), program.data("data", [1.0, 1.0])
    program.backward(program.run("add", program.run("mul", x, x), data, variable="y"), contribution=[2.0, 0.5])
    return program.recording()


def cuts():
    program = Program("y = x + 2\nd = y.detach()\nz = y * d\n")
    y = program.run("add", program.leaf("x", [1.0]), line=1, column=4, variable="y")
    d = program.run("detach", y, line=2, cut="detach", variable="d")
    program.backward(program.run("mul", y, d, line=3, variable="z"), line=4, contribution=[np.nan])
    return program.recording()


def many_elements():
    program = Program("h = x @ w\n")
    w = program.leaf("w", np.linspace(-1, 1, 12).reshape(3, 4))
    program.backward(program.run("matmul", w, variable="h"), contribution=np.linspace(-2, 1, 12).reshape(3, 4))
    return program.recording()


def updated():
    script = accumulation(2)
    script.add(ev.LeafUpdated(0, 0, script.value(0.7, 0.7, 0.7, 0.7), ev.Span(0, 2), "SGD.step"))
    return script.recording()


CASES = {
    "accumulation": (updated, 1, ev.GradAccumulated, LIGHT, {}),
    "update": (updated, 1, ev.LeafUpdated, DARK, {}),
    "fan_in": (fan_in, 0, ev.GradAccumulated, LIGHT, {}),
    "token": (fan_in, 0, ev.NodeCalled, DARK, {}),
    "forward": (cuts, 0, ev.OperationRan, LIGHT, {}),
    "cuts_and_nan": (cuts, 0, ev.GradAccumulated, LIGHT, {}),
    "heat_maps": (many_elements, 0, ev.GradAccumulated, LIGHT, {}),
    "groups": (lambda: transformer(2, parts=2, per_part=2), 0, ev.BackwardFinished, DARK, {"expanded": frozenset()}),
    "colouring": (lambda: transformer(1, parts=2, per_part=2), 0, ev.BackwardFinished, LIGHT, {"colouring": "time"}),
}


def frame_of(build, chapter, event_type, theme, options):
    timeline = Timeline(build())
    found = timeline.chapters[chapter]
    expanded = options.get("expanded")
    picture = build_picture(timeline.recording, timeline, found, expanded, lay_out=stacked)
    steps = range(found.first_step, found.last_step + 1)
    step = next(step for step in steps if isinstance(timeline.event(step), event_type))
    return picture.frame(step, theme, FrameOptions(colouring=options.get("colouring", "")))


def written(value):
    if isinstance(value, np.ndarray):
        flat = value.reshape(-1, value.shape[-1]).round(1).tolist()
        return " ".join(",".join(f"{number:g}" for number in row) for row in flat)
    if isinstance(value, tuple):
        return " ".join(written(part) for part in value)
    return f"{value:.1f}" if isinstance(value, float) else repr(value) if isinstance(value, str) else str(value)


@pytest.mark.parametrize("name", CASES)
def test_a_frame_looks_as_it_did_when_somebody_looked(name):
    frame = frame_of(*CASES[name])
    lines = [frame.caption]
    lines += [f"{type(shape).__name__} {' '.join(written(part) for part in shape)}" for shape in frame.shapes(0.5)]
    text = "\n".join(lines) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), "The frame has changed; REWRITE_GOLDEN=1 writes it anew, if it is better."
