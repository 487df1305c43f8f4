import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import events as ev
from graphviz_app.scene.asides import WIDEST, asides, spread
from graphviz_app.scene.picture import prepare
from graphviz_app.scene.shapes import Rectangle
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import Program

lengths = st.floats(10, 60)
pieces = st.lists(st.tuples(st.floats(-300, 300), lengths), min_size=1, max_size=8)


@given(pieces)
def test_pieces_on_a_line_do_not_overlap_keep_their_order_and_stay_about_where_they_were(wanted):
    places, sizes = np.array(wanted).T
    found = spread(places, sizes)
    order = np.argsort(places, kind="stable")
    gaps = np.diff(found[order]) - (sizes[order][1:] + sizes[order][:-1]) / 2
    assert (gaps > -1e-6).all()
    assert abs(found.mean() - places.mean()) <= np.ptp(sizes) + 1e-6
    if len(order) == 1 or (np.diff(places[order]) >= 60).all():
        assert found == pytest.approx(places)


def test_a_row_of_very_many_is_no_wider_than_can_be_seen():
    found = spread(np.zeros(100), np.full(100, 80.0))
    assert np.ptp(found) <= WIDEST
    assert (np.diff(found) > 0).all()


def test_a_gradient_that_moves_alone_stays_on_its_way():
    [alone] = asides([np.zeros((4, 2), np.float32)], [(50.0, 20.0)]).at(0.0).tolist()
    assert alone == [0.0, 0.0]
    assert asides([], []).at(0.5).shape == (0, 2)


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_gradients_on_links_between_the_same_two_boxes_never_cover_each_other(direction):
    program = Program("y = x * x\n")
    x = program.leaf("x", [1.0, 2.0, 3.0])
    y = program.run("addcmul", x, x, x)
    program.backward(y, contribution=[1.25, 2.5, 3.75])
    recording = program.recording()
    timeline = Timeline(recording)
    prepared = prepare(recording, timeline, timeline.chapters[0], direction=direction)
    picture = prepared.finish(lay_out(prepared.request))
    [step] = [
        step
        for step in range(timeline.step_count + 1)
        if isinstance(timeline.event(step), ev.NodeCalled) and len(picture.frame(step, LIGHT).tokens) > 1
    ]
    frame = picture.frame(step, LIGHT)
    for phase in np.linspace(0, 1, 21).tolist():
        tags = [shape for shape in frame.token_shapes(phase) if isinstance(shape, Rectangle)]
        assert len(tags) == 3
        for number, one in enumerate(tags):
            for other in tags[:number]:
                across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
                down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
                assert min(across, down) < 2, (phase, one, other)
