"""From a request to a layout: edge cases, sizes, which engine, and the same answer everywhere."""

import hashlib
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from layout_requests import Sketch, chain, hub, lstm, star, transformer

from graphviz_app.layout import placing
from graphviz_app.layout.checks import problems
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import BoxRequest, LayoutError, LayoutRequest, LinkRequest
from graphviz_app.layout.piece import sampled


def digest(layout):
    parts = (layout.centres, *layout.curves, layout.labels)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts) + repr(layout.groups).encode()).hexdigest()


def test_an_empty_request_gets_an_empty_layout():
    layout = lay_out(LayoutRequest((), ()))
    assert (layout.width, layout.height, layout.curves, layout.groups) == (0.0, 0.0, (), ())
    assert layout.centres.shape == (0, 2)


def test_a_single_box_is_as_large_as_the_whole():
    layout = lay_out(LayoutRequest((BoxRequest("x", 91.5, 33.0),), ()))
    assert (layout.width, layout.height) == pytest.approx((91.5, 33.0))
    assert layout.centres[0] == pytest.approx((45.75, 16.5))


def test_gradients_flow_down_or_to_the_right():
    down = lay_out(transformer(1))
    request = transformer(1)._replace(direction="LR")
    right = lay_out(request)
    assert problems(request, right) == []
    for link in transformer(1).links:
        assert down.centres[link.source, 1] < down.centres[link.target, 1]
        assert right.centres[link.source, 0] < right.centres[link.target, 0]


@pytest.mark.parametrize("engine", ["dot", "layered"])
def test_ports_are_where_they_were_asked_for(engine):
    boxes = (BoxRequest("a", 160.0, 40.0), BoxRequest("b", 60.0, 40.0), BoxRequest("c", 61.3, 40.0))
    links = (LinkRequest("l", 0, 1, 0.1, 0.9), LinkRequest("m", 0, 2, 0.85, 0.25))
    layout = lay_out(LayoutRequest(boxes, links), only=engine)
    for link, curve in zip(links, layout.curves, strict=True):
        for point, box, port in ((curve[0], link.source, link.source_port), (curve[-1], link.target, link.target_port)):
            assert point[0] == pytest.approx(layout.centres[box, 0] + (port - 0.5) * boxes[box].width, abs=0.01)


@pytest.mark.parametrize("engine", ["dot", "dot-fast", "layered"])
def test_parallel_links_are_drawn_apart(engine):
    boxes = (BoxRequest("a", 120.0, 40.0), BoxRequest("b", 120.0, 40.0))
    links = tuple(LinkRequest(f"l{i}", 0, 1) for i in range(4))
    layout = lay_out(LayoutRequest(boxes, links), only=engine)
    middles = sorted(float(curve[len(curve) // 2, 0]) for curve in layout.curves)
    assert min(np.diff(middles)) > 5


def test_links_that_leave_a_group_pass_its_border_once_and_vertically():
    request = transformer(2)
    layout = lay_out(request)
    frames = {group.path: group for group in layout.groups}
    for link, curve in zip(request.links, layout.curves, strict=True):
        source, target = request.boxes[link.source].group, request.boxes[link.target].group
        if source != target[: len(source)]:
            frame = frames[source]
            on_border = np.flatnonzero(np.abs(curve[:, 1] - (frame.y + frame.height)) < 0.01)
            assert len(on_border)
            at = int(on_border[0])
            assert curve[at - 1, 0] == pytest.approx(curve[at, 0], abs=0.01)


def test_parts_that_nothing_joins_are_wrapped_into_rows():
    boxes = tuple(BoxRequest(f"box{i}", 120.0, 44.0) for i in range(200))
    request = LayoutRequest(boxes, ())
    layout = lay_out(request)
    assert problems(request, layout) == []
    assert 0.8 < layout.width / layout.height < 3


@pytest.mark.parametrize("feeds", [True, False])
def test_a_star_with_5000_leaves_is_a_block_not_a_line(feeds):
    request = star(5_000, feeds=feeds)
    layout = lay_out(request)
    assert problems(request, layout) == []
    assert layout.width < 12_000
    assert layout.height < 12_000


@pytest.mark.parametrize("feeds", [True, False])
@pytest.mark.parametrize("label", [0.0, 70.0])
def test_a_hub_that_feeds_1000_consumers_is_a_block_not_a_line(feeds, label):
    request = hub(1_000, feeds, label)
    layout = lay_out(request)
    assert problems(request, layout) == []
    assert layout.width < 14_000
    assert layout.height < 14_000


def test_boxes_with_names_of_200_characters_fit():
    request = star(40, width=1_500.0)
    layout = lay_out(request)
    assert problems(request, layout) == []
    assert layout.width < 30_000


def test_an_unrolled_lstm_of_1000_steps_stays_a_column():
    request = lstm(1_000)
    layout = lay_out(request)
    assert layout.engine == "layered"
    assert layout.width < 3_000
    assert len(layout.curves) == len(request.links)


def test_weights_shared_by_100_steps_cannot_hang_it():
    request = lstm(100, shared=True)
    layout = lay_out(request)
    assert layout.engine == "layered"
    assert problems(request, layout) == []


def test_a_chain_of_100000_boxes_neither_recurses_nor_blows_up():
    request = chain(100_000)
    layout = lay_out(request)
    assert layout.width < 200
    assert layout.height == pytest.approx(100_000 * 88 - 44, rel=1e-3)


def test_equal_blocks_are_laid_out_once():
    placing.forget()
    lay_out(transformer(40))
    assert len(placing.remembered()) < 12


def test_blocks_that_differ_in_a_text_only_are_laid_out_once_in_a_large_request():
    request = transformer(40)
    widths = random.Random(3)
    boxes = tuple(box._replace(width=box.width - widths.random() * 5) for box in request.boxes)
    request = request._replace(boxes=boxes)
    placing.forget()
    layout = lay_out(request)
    assert problems(request, layout) == []
    assert len(placing.remembered()) < 12


def test_a_link_to_a_box_that_is_not_there_is_refused_in_a_sentence():
    with pytest.raises(LayoutError, match="joins a box that is not there"):
        lay_out(LayoutRequest((BoxRequest("a", 10, 10),), (LinkRequest("l", 0, 1),)))


def test_a_box_without_a_size_is_refused_in_a_sentence():
    with pytest.raises(LayoutError, match="no size that can be drawn"):
        lay_out(LayoutRequest((BoxRequest("a", float("nan"), 10),), ()))


def test_no_time_left_means_layers_not_failure():
    placing.forget()
    assert lay_out(transformer(2), timeout=0.0).engine == "layered"


def test_equal_requests_get_equal_layouts_in_any_process():
    script = (
        "import sys; sys.path[:0] = [{folder!r}]\n"
        "from test_layout_engine import digest, lay_out, lstm, transformer\n"
        "print([digest(lay_out(r)) for r in (transformer(2, 80.0), lstm(30), lstm(12, shared=True))])"
    ).format(folder=str(__file__).rpartition("test_layout_engine")[0])
    path = f"import sys; sys.path[:] = {[entry for entry in sys.path if entry]!r}"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", path + "\n" + script],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    here = [digest(lay_out(request)) for request in (transformer(2, 80.0), lstm(30), lstm(12, shared=True))]
    assert outputs == {f"{here}\n"}


def test_what_goes_on_runs_straight_and_leaves_stand_aside():
    sketch = Sketch()
    spine = [sketch.box("group", width=240.0)]
    for _ in range(12):
        spine.append(sketch.box("group", width=240.0))
        for port in (0.125, 0.25, 0.625, 0.75, 0.875):
            sketch.link(spine[-2], sketch.box("leaf"), port)
        sketch.link(spine[-2], spine[-1], 0.5)
    columns = lay_out(sketch.request()).centres[spine[:-1], 0]
    assert np.ptp(columns) < 4.0


def beside_tall_boxes():
    """A chain of low boxes whose ranks hold boxes of quite other heights, as a lesson's data beside its network."""
    sketch = Sketch()
    loss, flatten, getitem, data = (sketch.box(name) for name in ("loss", "flatten", "getitem", "data"))
    block, network = sketch.box("block", height=600.0), sketch.box("network", height=2400.0)
    for source, target, ports in (
        (loss, flatten, (0.9, 0.5)), (flatten, getitem, (0.5, 0.7)), (getitem, data, (0.5, 0.9)),
        (loss, block, (0.1, 0.5)), (block, network, (0.5, 0.5)), (network, sketch.box("input"), (0.5, 0.5)),
    ):  # fmt: skip
        sketch.link(source, target, *ports)
    return sketch.request()


@pytest.mark.parametrize("engine", ["dot", "dot-fast", "layered"])
def test_a_link_between_low_boxes_beside_tall_ones_makes_no_loop(engine):
    for curve in lay_out(beside_tall_boxes(), only=engine).curves:
        for first in range(0, len(curve) - 1, 3):
            drawn = sampled(curve[first : first + 4].astype(np.float64), np.array([0, 4]), parts=32)
            assert (np.diff(drawn[:, 1]) > -0.01).all()


@pytest.mark.parametrize("engine", ["dot", "dot-fast", "layered"])
def test_a_label_that_no_room_is_kept_for_is_on_its_link_also_where_boxes_were_aligned(engine):
    layout = lay_out(beside_tall_boxes(), only=engine)
    for curve, label in zip(layout.curves, layout.labels, strict=True):
        assert curve[0, 1] - 1 <= label[1] <= curve[-1, 1] + 1
