import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.graph.visible import Uses
from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import record_array
from graphviz_app.scene.frame import FrameOptions
from graphviz_app.scene.hit import Hit
from graphviz_app.scene.picture import build_picture, prepare
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Text
from graphviz_app.scene.states import LOOK_MASK, BoxFlag, LinkFlag, Look
from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, transformer
from tests.support_synthetic import Script, accumulation


def picture_of(recording, chapter=0, expanded=None):
    timeline = Timeline(recording)
    return build_picture(recording, timeline, timeline.chapters[chapter], expanded, lay_out=lay_out)


def steps_with(picture, event_type):
    chapter = picture.chapter
    return [
        step
        for step in range(chapter.first_step, chapter.last_step + 1)
        if isinstance(picture.timeline.event(step), event_type)
    ]


def texts(shapes):
    return [shape.text for shape in shapes if isinstance(shape, Text)]


def box_named(picture, title):
    [found] = [
        number
        for number, card in enumerate(picture.cards)
        if card.lines[0].text == title and picture.graph.boxes[number].kind != "reference"
    ]
    return found


@pytest.fixture(scope="module")
def second_pass():
    return picture_of(accumulation(2).recording(), 1)


def plain(frame):
    """Everything of a frame that can be compared."""
    shapes = [
        tuple(part.tolist() if isinstance(part, np.ndarray) else part for part in shape) for shape in frame.shapes(0.4)
    ]
    return shapes, frame.box_state.tolist(), frame.link_state.tolist(), frame.caption, frame.tokens


def test_a_leaf_shows_before_contribution_and_after(second_pass):
    [step] = steps_with(second_pass, ev.GradAccumulated)
    frame = second_pass.frame(step, LIGHT)
    leaf = box_named(second_pass, "w")
    assert texts(frame.live_shapes(leaf))[2:] == [
        ".grad",
        "[3, 3, 3, 3]",
        "    +",
        "[3, 3, 3, 3]",
        "    =",
        "[6, 6, 6, 6]",
    ]


def test_before_the_accumulation_a_leaf_shows_what_it_has(second_pass):
    [step] = steps_with(second_pass, ev.BackwardStarted)
    assert texts(second_pass.frame(step, LIGHT).live_shapes(box_named(second_pass, "w")))[2:] == [
        ".grad",
        "[3, 3, 3, 3]",
    ]


def test_a_cleared_leaf_is_visibly_empty():
    script = accumulation(1)
    script.add(ev.GradCleared(0, 6, ev.NONE, how="zero_grad"))
    picture = picture_of(script.recording())
    [cleared] = steps_with(picture, ev.GradCleared)
    leaf = box_named(picture, "w")
    after = picture.frame(picture.chapter.last_step, LIGHT)
    assert "None" in texts(after.live_shapes(leaf))
    assert any(
        isinstance(shape, Rectangle) and shape.dashed and shape.fill is None for shape in after.live_shapes(leaf)
    )
    assert "zero_grad" in texts(picture.frame(cleared, LIGHT).live_shapes(leaf))


def test_an_update_shows_what_the_leaf_was():
    script = accumulation(1)
    script.add(ev.LeafUpdated(0, 0, script.value(0, 0, 0, 0), how="SGD.step"))
    picture = picture_of(script.recording())
    [step] = steps_with(picture, ev.LeafUpdated)
    shown = texts(picture.frame(step, LIGHT).live_shapes(box_named(picture, "w")))
    assert shown[:4] == ["value", "[0, 0, 0, 0]", "was", "[1, 1, 1, 1]"]
    assert "SGD.step" in picture.frame(step, LIGHT).caption


def test_a_link_is_grey_until_it_carries_and_then_says_what(second_pass):
    calls = steps_with(second_pass, ev.NodeCalled)
    link = next(number for number, link in enumerate(second_pass.graph.links) if link.kind == "gradient")
    before, after = second_pass.frame(calls[0] - 1, LIGHT), second_pass.frame(calls[0], LIGHT)
    assert before.label_shapes(link) == ()
    assert before.link_state[link] == 0
    assert texts(after.label_shapes(link)) == ["[1, 1, 1, 1]"]
    assert after.link_state[link] & LinkFlag.MOVING
    later = second_pass.frame(second_pass.chapter.last_step, LIGHT)
    assert later.link_state[link] == LinkFlag.CARRIED


def test_gradients_that_move_at_a_step_are_tokens_with_their_values(second_pass):
    calls = steps_with(second_pass, ev.NodeCalled)
    frame = second_pass.frame(calls[0], LIGHT)
    assert [token.text for token in frame.tokens] == ["[1, 1, 1, 1]"]
    [start] = steps_with(second_pass, ev.BackwardStarted)
    assert [token.text for token in second_pass.frame(start, LIGHT).tokens] == ["[1]"]
    assert second_pass.frame(second_pass.chapter.last_step, LIGHT).tokens == ()


def test_a_token_travels_from_source_to_target(second_pass):
    step = steps_with(second_pass, ev.NodeCalled)[0]
    frame = second_pass.frame(step, LIGHT)
    curve = second_pass.layout.curves[frame.tokens[0].link]
    for phase, end in ((0.0, curve[0]), (1.0, curve[-1])):
        [box, _] = frame.token_shapes(phase)
        assert (box.x + box.width / 2, box.y + box.height / 2) == pytest.approx(end.tolist(), abs=0.01)


def test_the_running_node_is_lit_and_what_has_run_is_marked(second_pass):
    first, second, _ = steps_with(second_pass, ev.NodeCalled)
    total, product = box_named(second_pass, "SumBackward0"), box_named(second_pass, "MulBackward0")
    frame = second_pass.frame(second, LIGHT)
    assert frame.box_state[product] & LOOK_MASK == Look.RUNNING
    assert frame.box_state[total] & LOOK_MASK == Look.DONE
    assert second_pass.frame(first, LIGHT).box_state[product] & LOOK_MASK == Look.RECEIVING


def test_the_step_is_told_in_words(second_pass):
    step = steps_with(second_pass, ev.NodeCalled)[1]
    assert second_pass.frame(step, LIGHT).caption == (
        "MulBackward0 received [1, 1, 1, 1] and sends [3, 3, 3, 3] to w (AccumulateGrad), line 2."
    )


def test_nothing_moves_while_time_does(second_pass):
    chapter = second_pass.chapter
    cards = {
        tuple(second_pass.frame(step, LIGHT).box_shapes(i, 3)[0][:4] for i in range(len(second_pass.cards)))
        for step in range(chapter.first_step, chapter.last_step + 1)
    }
    assert len(cards) == 1
    assert len({second_pass.frame(step, LIGHT).bounds for step in range(chapter.first_step, chapter.last_step)}) == 1


RECORDINGS = {
    "accumulation": accumulation(3).recording(),
    "modules": transformer(2, parts=2, per_part=2),
}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(RECORDINGS)), st.data())
def test_a_step_shows_the_same_picture_however_one_came_to_it(name, data):
    wandering = picture_of(RECORDINGS[name])
    fresh = picture_of(RECORDINGS[name])
    chapter = wandering.chapter
    walk = data.draw(st.lists(st.integers(chapter.first_step, chapter.last_step), min_size=1, max_size=8))
    for step in walk:
        plain(wandering.frame(step, data.draw(st.sampled_from([LIGHT, DARK]))))
    assert plain(wandering.frame(walk[-1], DARK)) == plain(fresh.frame(walk[-1], DARK))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_boxes_of_equal_state_have_equal_tiles(data):
    picture = picture_of(RECORDINGS["modules"])
    steps = st.integers(picture.chapter.first_step, picture.chapter.last_step)
    one, other = (picture.frame(data.draw(steps), LIGHT) for _ in range(2))
    for i in range(len(picture.cards)):
        if one.box_state[i] == other.box_state[i]:
            assert one.box_shapes(i, 3) == other.box_shapes(i, 3)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_all_text_of_a_card_is_on_the_card(second_pass, theme):
    chapter = second_pass.chapter
    for step in range(chapter.first_step, chapter.last_step + 1):
        frame = second_pass.frame(step, theme)
        for i, (x, y, width, height) in enumerate(second_pass.box_bounds.tolist()):
            for shape in (*frame.box_shapes(i, 3), *frame.live_shapes(i)):
                if isinstance(shape, Text) and shape.anchor == "start":
                    assert x <= shape.x <= shape.x + len(shape.text) * shape.size * 0.6 <= x + width + 0.01
                    assert y <= shape.y <= y + height


def fan_in():
    program = Program("y = x * x + x\n")
    x = program.leaf("x", [2.0])
    y = program.run("add", program.run("mul", x, x), x)
    program.backward(y, contribution=[2.0])
    return picture_of(program.recording())


def test_where_contributions_meet_each_arrival_is_shown_and_then_the_total():
    picture = fan_in()
    leaf = box_named(picture, "x")
    shown = [
        [text for text in texts(picture.frame(step, LIGHT).live_shapes(leaf)) if text.strip() in ("grad", "+", "=")]
        for step in steps_with(picture, ev.NodeCalled)
    ]
    assert [len(labels) for labels in shown] == [1, 3, 4]
    assert [text.strip() for text in shown[-1]] == ["grad", "+", "+", "="]


def test_no_room_is_kept_for_what_does_not_arrive_in_a_chapter():
    script = Script()
    one = script.value(1)
    names = ("AddBackward0", "MulBackward0", "ExpBackward0")
    script.add(
        ev.LeafFound(0, 0, "w", one),
        ev.NodesMade(
            (*(ev.Node(number, name) for number, name in enumerate(names)), ev.Node(3, "AccumulateGrad", leaf=0)),
            # The exponential reads what the product does, but this pass does not come by.
            (ev.Edge(0, 0, 1, 0), ev.Edge(2, 0, 1, 0), ev.Edge(1, 0, 3, 0), ev.Edge(2, 1, 3, 0)),
        ),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (one,)),
        ev.NodeCalled(0, 1, (one,), (one,)),
        ev.NodeCalled(0, 3, (one,), ()),
        ev.GradAccumulated(0, 0, ev.NONE, one, one, 3),
        ev.BackwardFinished(0),
    )
    picture = picture_of(script.recording())
    assert [row.role for row in picture.cards[box_named(picture, "MulBackward0")].rows] == ["grad"]
    assert "arrival" not in {row.role for row in picture.cards[box_named(picture, "w")].rows}
    assert texts(picture.frame(picture.chapter.last_step, LIGHT).live_shapes(box_named(picture, "MulBackward0"))) == [
        "grad",
        "[1]",
    ]


def test_what_different_passes_bring_to_a_leaf_is_not_added_up():
    script = Script()
    one, two, three = (script.value(number) for number in (1, 2, 3))
    script.add(
        ev.LeafFound(0, 0, "w", one),
        ev.NodesMade(
            (
                *(ev.Node(number, "MulBackward0") for number in range(3)),
                ev.Node(3, "AccumulateGrad", leaf=0),
            ),
            (ev.Edge(0, 0, 1, 0), ev.Edge(0, 1, 3, 0), ev.Edge(1, 0, 3, 0), ev.Edge(2, 0, 3, 0)),
        ),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (one, two)),
        # A checkpoint runs a pass of its own, which finds the leaf as well.
        ev.BackwardStarted(1, 0, roots=(ev.Root(2, 0, one),)),
        ev.NodeCalled(1, 2, (one,), (three,)),
        ev.NodeCalled(1, 3, (three,), ()),
        ev.GradAccumulated(1, 0, ev.NONE, three, three, 3),
        ev.BackwardFinished(1),
        ev.NodeCalled(0, 1, (one,), (one,)),
        ev.NodeCalled(0, 3, (three,), ()),
        ev.BackwardFinished(0),
    )
    picture = picture_of(script.recording())
    leaf = box_named(picture, "w")
    shown = [texts(picture.frame(step, LIGHT).live_shapes(leaf))[2:-2] for step in steps_with(picture, ev.NodeCalled)]
    assert shown == [
        ["grad", "[2]"],
        ["grad", "[3]"],
        ["grad", "[3]", "   =", "[3]"],
        ["grad", "[2]", "   +", "[1]"],
        ["grad", "[2]", "   +", "[1]", "   =", "[3]"],
    ]


def test_an_edge_that_carried_none_is_drawn_as_such():
    script = Script()
    one = script.value(1)
    script.add(
        ev.LeafFound(0, 0, "w", one),
        ev.NodesMade((ev.Node(0, "FooBackward"), ev.Node(1, "AccumulateGrad", leaf=0)), (ev.Edge(0, 0, 1, 0),)),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (ev.NONE,)),
        ev.BackwardFinished(0),
    )
    picture = picture_of(script.recording())
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    [link] = [number for number, link in enumerate(picture.graph.links) if link.kind == "gradient"]
    assert frame.link_state[link] & LinkFlag.NONE
    assert texts(frame.label_shapes(link)) == ["None"]
    assert frame.link_shapes(link, 3)[0].dashed


def sent_none(second):
    """Two leaves, the first of which is used twice; a pass that gives back the gradient of the second alone.

    The first is sent None by one of its users, and `second` by the other.
    """
    script = Script()
    one = script.value(1)
    nodes = ("AddBackward0", "MulBackward0", "ExpBackward0")
    script.add(
        ev.LeafFound(0, 0, "v", one),
        ev.LeafFound(1, 1, "w", one),
        ev.NodesMade(
            (
                *(ev.Node(number, name) for number, name in enumerate(nodes)),
                ev.Node(3, "AccumulateGrad", leaf=0),
                ev.Node(4, "AccumulateGrad", leaf=1),
            ),
            (ev.Edge(0, 0, 1, 0), ev.Edge(0, 1, 2, 0), ev.Edge(1, 0, 4, 0), ev.Edge(1, 1, 3, 0), ev.Edge(0, 2, 3, 0)),
        ),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),), accumulates=False, inputs=(4,)),
        ev.NodeCalled(0, 0, (one,), (one, ev.NONE, one if second else ev.NONE)),
        ev.NodeCalled(0, 1, (one,), (one, ev.NONE)),
        ev.BackwardFinished(0, returned=(ev.Returned(4, 0, 1, one),)),
    )
    return script.recording()


def look_at_end(picture, box):
    return picture.frame(picture.chapter.last_step, LIGHT).box_state[box] & LOOK_MASK


def test_what_was_sent_only_none_is_not_drawn_as_receiving():
    for is_given in (False, True):
        picture = picture_of(sent_none(is_given))
        exp, v, w = (box_named(picture, name) for name in ("ExpBackward0", "v", "w"))
        assert look_at_end(picture, exp) == Look.BORN
        assert look_at_end(picture, w) == Look.RECEIVING
        assert look_at_end(picture, v) == (Look.RECEIVING if is_given else Look.BORN)
        assert "has received no gradient yet" in picture.frame(picture.chapter.last_step, LIGHT).describe(
            Hit("box", exp)
        )


def test_a_leaf_drawn_once_per_use_receives_what_is_sent_to_any_of_its_uses():
    for is_given in (False, True):
        recording = sent_none(is_given)
        timeline = Timeline(recording)
        prepared = prepare(recording, timeline, timeline.chapters[0], uses=Uses(apart=frozenset({0})))
        picture = prepared.finish(lay_out(prepared.request))
        assert any(box.kind == "reference" for box in picture.graph.boxes)
        assert look_at_end(picture, box_named(picture, "v")) == (Look.RECEIVING if is_given else Look.BORN)


def into_a_module(first, second):
    """A pass that sends two gradients into a closed group, one after the other."""
    script = Script()
    one = script.value(1)
    values = [script.value(2) if given else ev.NONE for given in (first, second)]
    script.add(
        ev.NodesMade(
            (
                ev.Node(0, "AddBackward0"),
                ev.Node(1, "AddBackward0"),
                *(ev.Node(number, "MulBackward0", operation=number - 2) for number in (2, 3)),
            ),
            (ev.Edge(0, 0, 1, 0), ev.Edge(0, 1, 2, 0), ev.Edge(1, 0, 3, 0), ev.Edge(0, 2, 3, 0)),
        ),
        *(ev.OperationRan(number, "mul", module="part", nodes=(number + 2,)) for number in (0, 1)),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (one, values[0], values[1])),
        ev.BackwardFinished(0),
    )
    return picture_of(script.recording(), expanded=frozenset())


def test_a_link_of_many_edges_carries_none_where_all_of_them_do():
    said = {}
    for first, second in ((False, False), (True, False), (False, True)):
        picture = into_a_module(first, second)
        frame = picture.frame(picture.chapter.last_step, LIGHT)
        [link] = [number for number, link in enumerate(picture.graph.links) if link.count > 1]
        group = picture.graph.links[link].target
        said[first, second] = texts(frame.label_shapes(link)), texts(frame.live_shapes(group))[:2]
        assert bool(frame.link_state[link] & LinkFlag.NONE) == (not (first or second))
        assert (look_at_end(picture, group) == Look.RECEIVING) == (first or second)
    assert said[False, False] == (["2 of 2 · None"], ["in", "None · 2 of 3"])
    assert said[True, False] == said[False, True] == (["2 of 2 · norm 2"], ["in", "norm 2 · 2 of 3"])


def large(array):
    program = Program("y = w * 2\n")
    w = program.leaf("w", np.ones((8, 8)))
    program.backward(program.run("mul", w), contribution=array)
    return picture_of(program.recording())


def test_many_elements_are_drawn_as_a_heat_map():
    picture = large(np.linspace(-1, 1, 64).reshape(8, 8))
    frame = picture.frame(picture.chapter.last_step - 2, LIGHT)
    maps = [shape for shape in frame.live_shapes(box_named(picture, "w")) if isinstance(shape, HeatMap)]
    assert maps
    assert maps[0].pixels.shape == (8, 8, 4)


def test_nan_and_inf_are_flagged_on_links_and_boxes():
    gradient = np.zeros((8, 8))
    gradient[3, 3] = np.nan
    picture = large(gradient)
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    leaf = box_named(picture, "w")
    [link] = [number for number, link in enumerate(picture.graph.links) if link.kind == "gradient"]
    assert frame.link_state[link] & LinkFlag.ODD
    assert frame.box_state[leaf] & BoxFlag.ODD
    assert any(isinstance(shape, Polygon) for shape in frame.box_shapes(leaf, 3))
    assert "1 nan" in texts(frame.label_shapes(link))[0]


def test_a_hook_is_shown_on_the_link_whose_gradient_it_changed():
    script = Script()
    one, two = script.value(1), script.value(2)
    hook = ev.HookChange("grad_outputs", 0, one, two, "double")
    script.add(
        ev.LeafFound(0, 0, "w", one),
        ev.NodesMade((ev.Node(0, "MulBackward0"), ev.Node(1, "AccumulateGrad", leaf=0)), (ev.Edge(0, 0, 1, 0),)),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (one,)),
        ev.NodeCalled(0, 1, (two,), (), (hook,)),
        ev.BackwardFinished(0),
    )
    picture = picture_of(script.recording())
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    [link] = [number for number, link in enumerate(picture.graph.links) if link.kind == "gradient"]
    assert texts(frame.label_shapes(link)) == ["[1]", "double → [2]"]
    assert "double → [2]" in texts(frame.live_shapes(box_named(picture, "w")))
    [called] = [step for step in steps_with(picture, ev.NodeCalled) if "double" in picture.frame(step, LIGHT).caption]
    assert called == picture.chapter.last_step - 1


def test_a_closed_group_tells_what_crosses_its_border():
    picture = picture_of(transformer(2, parts=2, per_part=2), expanded=frozenset())
    groups = [number for number, box in enumerate(picture.graph.boxes) if box.kind == "group"]
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    assert len(groups) == 2
    for group in groups:
        assert any(text.startswith("norm ") for text in texts(frame.live_shapes(group)))


def test_a_closed_group_tells_how_many_of_its_parameters_have_received_and_how_much():
    picture = picture_of(transformer(2, parts=2, per_part=2), expanded=frozenset())
    group = box_named(picture, "blocks.1")
    assert "2 parameters" in picture.cards[group].lines[-1].text
    before = picture.frame(picture.chapter.first_step, LIGHT)
    assert "leaves" not in texts(before.live_shapes(group)) or "–" in texts(before.live_shapes(group))
    after = picture.frame(picture.chapter.last_step, LIGHT)
    # Two gradients of 1.
    assert texts(after.live_shapes(group))[-2:] == ["leaves", "norm 1.41 · 2 of 2"]


def test_a_closed_group_is_lit_by_what_happens_to_a_leaf_within_it():
    picture = picture_of(transformer(2, parts=2, per_part=2), expanded=frozenset())
    groups = {box_named(picture, "blocks.0"), box_named(picture, "blocks.1")}
    lit = set()
    for step in steps_with(picture, ev.GradAccumulated):
        looks = picture.frame(step, LIGHT).box_state & LOOK_MASK
        [running] = np.flatnonzero(looks == Look.RUNNING)
        lit.add(int(running))
    assert lit == groups


def test_a_leaf_is_lit_by_what_is_written_on_it_in_place():
    script = accumulation()
    script.add(ev.TensorMutated(0, 7, 0, 1), ev.TensorMutated(1, 8, 0, 1))
    picture = picture_of(script.recording(), 1)
    [leaf] = [number for number, box in enumerate(picture.graph.boxes) if box.kind == "leaf"]
    lit = [
        np.flatnonzero(picture.frame(step, LIGHT).box_state & LOOK_MASK == Look.RUNNING).tolist()
        for step in steps_with(picture, ev.TensorMutated)
    ]
    assert lit == [[leaf], []]


def test_an_open_group_is_a_frame_with_its_title():
    picture = picture_of(transformer(2, parts=2, per_part=2))
    frame = picture.frame(picture.chapter.first_step, LIGHT)
    titles = {texts(frame.group_shapes(g, 3))[0] for g in range(len(picture.layout.groups))}
    assert titles == {"blocks.0", "blocks.1", "part0", "part1"}
    assert texts(frame.group_shapes(0, 1)) == []


@pytest.mark.parametrize("detail", [0, 1, 2, 3])
def test_every_detail_draws_every_kind_of_box_and_link(detail):
    program = Program("y = x + 2\n")
    x, data = program.leaf("x", [1.0]), program.data("data", [1.0])
    y = program.run("add", x, data)
    d = program.run("detach", y, cut="detach", variable="d")
    program.backward(program.run("mul", y, d))
    picture = picture_of(program.recording())
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    assert {box.kind for box in picture.graph.boxes} == {"node", "leaf", "root", "operation", "tensor"}
    for i in range(len(picture.graph.boxes)):
        assert isinstance(frame.box_shapes(i, detail)[0], Rectangle)
    for e in range(len(picture.graph.links)):
        assert isinstance(frame.link_shapes(e, detail)[0], Curve)


def test_a_grey_box_names_the_cause_of_the_cut():
    program = Program("with no_grad():\n  k = x * 2\n")
    x = program.leaf("x", [1.0])
    k = program.run("mul", x, line=2, cut="no_grad", variable="k")
    program.backward(program.run("mul", x, k))
    picture = picture_of(program.recording())
    card = picture.cards[box_named(picture, "mul")]
    assert [line.text for line in card.lines] == ["mul", "k · line 2", "no_grad"]
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    cut = next(number for number, link in enumerate(picture.graph.links) if link.kind == "cut")
    assert frame.link_shapes(cut, 3)[0].dashed
    assert "no_grad" in frame.describe(type("Item", (), {"kind": "link", "index": cut}))


@pytest.mark.parametrize("build", [Script, lambda: accumulation(1)])
def test_a_recording_without_a_graph_gives_a_picture_too(build):
    script = build()
    script.events = [event for event in script.events if isinstance(event, ev.SourceRead)]
    script.add(ev.Printed("stdout", "hello\n"), ev.Finished("returned", 0))
    picture = picture_of(script.recording())
    frame = picture.frame(1, LIGHT)
    assert frame.caption == "The program printed: hello"
    assert any(isinstance(shape, Text) for shape in frame.shapes())


def test_a_colouring_tints_the_boxes_and_explains_itself():
    picture = picture_of(RECORDINGS["modules"])
    frame = picture.frame(picture.chapter.last_step, LIGHT, FrameOptions(colouring="time"))
    legend = {entry.colour for entry in frame.legend}
    node = next(number for number, box in enumerate(picture.graph.boxes) if box.kind == "node")
    assert frame.box_shapes(node, 3)[0].fill in legend
    assert picture.frame(picture.chapter.last_step, LIGHT).legend == ()


def test_a_name_of_two_hundred_characters_does_not_widen_the_picture():
    program = Program("y\n")
    x = program.leaf("model." + "very_long_name." * 13 + "weight", [1.0])
    program.backward(program.run("mul", x, variable="y" * 200))
    assert max(card.width for card in picture_of(program.recording()).cards) < 460


def test_equal_recordings_ask_for_equal_layouts():
    requests = []
    for _ in range(2):
        recording = transformer(2, parts=2, per_part=2)
        timeline = Timeline(recording)
        requests.append(prepare(recording, timeline, timeline.chapters[0]).request)
    assert requests[0] == requests[1]


def test_values_of_every_dtype_can_be_shown():
    program = Program("y\n")
    for dtype in ("float16", "int8", "bool", "complex64", "float64", "uint8"):
        array = np.zeros((4, 4), dtype)
        tensor = program.data(dtype)
        tensor.value = program.value(record_array(array))
        x = program.leaf(f"x{dtype}")
        program.run("mul", x, tensor, array=[1.0])
    picture = picture_of(program.recording())
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    assert sum(isinstance(shape, HeatMap) for shape in frame.shapes()) >= 5
