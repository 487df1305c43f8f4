"""Pictures of thousands of boxes, which must not read all values before they can be seen."""

import numpy as np
import pytest

from graphviz_app.graph.cache import structure_of
from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import events as ev
from graphviz_app.scene.picture import build_picture, prepare
from graphviz_app.scene.shapes import HeatMap, Text
from graphviz_app.scene.states import LinkFlag
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, transformer, unrolled
from tests.support_synthetic import Script


def everything_open(recording):
    timeline = Timeline(recording)
    chapter = timeline.chapters[0]
    groups = frozenset(structure_of(recording, timeline, chapter).grouping.groups)
    return prepare(recording, timeline, chapter, groups)


def chain(length, contribution):
    program = Program("")
    tensor = program.leaf("x", np.zeros((8, 8)))
    for _ in range(length):
        tensor = program.run("mul", tensor)
    program.backward(tensor, contribution=contribution)
    return program.recording()


def test_the_boxes_of_a_large_picture_do_not_depend_on_the_values():
    ones, others = (everything_open(chain(1_500, np.full((8, 8), value))).request for value in (1, 1.2345e-20))
    assert ones == others


def test_the_boxes_of_a_small_picture_have_room_for_the_whole_value():
    ones, others = (everything_open(chain(5, value)).request for value in ([1.0, 1.0], [-1.2345e-20, -2.345e-21]))
    assert ones != others


@pytest.fixture(scope="module")
def large():
    prepared = everything_open(chain(1_500, np.full((8, 8), 1e-7)))
    return prepared.finish(lay_out(prepared.request))


def test_a_large_picture_says_shape_and_norm_of_a_value_within_its_card(large):
    frame = large.frame(large.chapter.last_step, LIGHT)
    for box in range(1_400, 1_500):
        x, _, width, _ = large.box_bounds[box].tolist()
        shapes = frame.live_shapes(box)
        assert not any(isinstance(shape, HeatMap) for shape in shapes)
        texts = [shape for shape in shapes if isinstance(shape, Text)]
        assert any(shape.text == "(8, 8) norm 0" for shape in texts)
        assert all(shape.x + len(shape.text) * shape.size * 0.6 <= x + width for shape in texts)


def test_the_bounds_of_every_link_hold_its_curve_and_its_label():
    prepared = everything_open(transformer(3))
    picture = prepared.finish(lay_out(prepared.request))
    for link, (x, y, width, height) in enumerate(picture.link_bounds.tolist()):
        points = picture.layout.curves[link]
        assert (points >= (x, y)).all()
        assert (points <= (x + width, y + height)).all()
        label = picture.layout.labels[link]
        if prepared.request.links[link].label_width:
            assert x <= label[0] <= x + width
            assert y <= label[1] <= y + height


def test_a_link_of_many_edges_stays_odd_when_a_number_follows_a_nan():
    script = Script()
    one, nan = script.value(1), script.value(np.nan)
    nodes = tuple(ev.Node(node, "MulBackward0", operation=node // 2) for node in range(4))
    script.add(
        ev.NodesMade(nodes, (ev.Edge(2, 0, 0, 0), ev.Edge(3, 0, 1, 0))),
        ev.OperationRan(0, "torch.one", nodes=(0, 1)),
        ev.OperationRan(1, "torch.other", nodes=(2, 3)),
        ev.BackwardStarted(0, roots=(ev.Root(2, 0, one), ev.Root(3, 0, one))),
        ev.NodeCalled(0, 2, (one,), (nan,)),
        ev.NodeCalled(0, 3, (one,), (one,)),
        ev.BackwardFinished(0),
    )
    timeline = Timeline(script.recording())
    picture = build_picture(timeline.recording, timeline, timeline.chapters[0], frozenset(), lay_out=lay_out)
    [merged] = [number for number, link in enumerate(picture.graph.links) if link.kind == "gradient"]
    assert picture.graph.links[merged].count == 2
    states = [picture.frame(step, LIGHT).link_state[merged] for step in range(timeline.step_count + 1)]
    odd = [bool(state & LinkFlag.ODD) for state in states]
    assert odd == sorted(odd)
    assert odd[-1]
    assert not odd[0]


def test_from_afar_a_box_shows_its_title_as_large_as_it_has_room_for(large):
    frame = large.frame(large.chapter.first_step, LIGHT)
    for box, (x, y, width, height) in enumerate(large.box_bounds[:50].tolist()):
        [title] = [shape for shape in frame.box_shapes(box, 2) if isinstance(shape, Text)]
        assert large.cards[box].lines[0].text.startswith(title.text)
        assert title.size >= 26
        half = len(title.text) * title.size * 0.6 / 2
        assert x <= title.x - half <= title.x + half <= x + width
        assert y <= title.y - title.size * 0.73 <= title.y <= y + height


def title_from_afar(name):
    program = Program("")
    program.backward(program.run("exp", program.leaf(name)))
    prepared = everything_open(program.recording())
    picture = prepared.finish(lay_out(prepared.request))
    [leaf] = [number for number, box in enumerate(picture.graph.boxes) if box.kind == "leaf"]
    return [shape.text for shape in picture.frame(0, LIGHT).box_shapes(leaf, 2) if isinstance(shape, Text)]


def test_from_afar_the_end_of_a_long_name_is_shown_and_nothing_that_could_not_be_read():
    name = "net.blocks.11.attention.qkv.weight"
    assert title_from_afar("x") == ["x"]
    [shown] = title_from_afar(name)
    assert name.endswith(f".{shown}")
    assert title_from_afar("x" * 200) == []


def test_what_leads_on_from_a_closed_group_leaves_it_in_the_middle():
    recording = unrolled(100)
    timeline = Timeline(recording)
    prepared = prepare(recording, timeline, timeline.chapters[0], frozenset())
    boxes, links = prepared.visible.boxes, prepared.visible.links
    onwards = [
        prepared.request.links[number].source_port
        for number, link in enumerate(links)
        if boxes[link.source].kind == boxes[link.target].kind == "group"
    ]
    assert onwards
    assert all(port == pytest.approx(0.5) for port in onwards)
