"""Layouts of large graphs: the figures that are promised, and plain dot beside them in the same run.

Each ratio is how many times longer dot's default settings take for the same boxes and links; dot is stopped after
`LIMIT` seconds, and the ratio is then at least what is shown.
"""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "layout"))

from layout_requests import chain, closed, hub, lstm, star, transformer

from graphviz_app.layout.child import worker_command
from graphviz_app.layout.dot import dot_source
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import Anchor
from graphviz_app.layout.nesting import level_piece, nest
from graphviz_app.layout.placing import forget
from graphviz_app.layout.service import LayoutService

LIMIT = 20.0
BLOCKS = 667  # of 15 boxes: 10,000 boxes

TIMED = """
import sys, time
from graphviz_app.layout.embedded import run_dot
source = sys.stdin.read()
start = time.perf_counter()
run_dot(source)
print(time.perf_counter() - start)
"""


def plain_dot(request):
    """Seconds that dot takes for the boxes and links of a request, its groups and labels left out."""
    flat = request._replace(boxes=tuple(box._replace(group=()) for box in request.boxes))
    links = tuple(link._replace(label_width=0.0, label_height=0.0) for link in flat.links)
    flat = flat._replace(links=links)
    source = dot_source(level_piece(flat, nest(flat).levels[0], {}, {}))
    command = [sys.executable, "-c", worker_command()[2].split("; from")[0] + "\n" + TIMED]
    try:
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return LIMIT
    return float(done.stdout)


def measured(benchmark, request, limit, *, compare=True, rounds=3, **options):
    """Time a layout, none of its pieces being known yet, and note how it compares."""

    def run():
        forget()
        return lay_out(request, **options)

    layout = benchmark.pedantic(run, rounds=rounds)
    took = benchmark.stats.stats.min
    dot = plain_dot(request) if compare else None
    benchmark.extra_info.update(
        boxes=len(request.boxes),
        links=len(request.links),
        engine=layout.engine,
        size=f"{layout.width:.0f} x {layout.height:.0f}",
        promised=f"{limit} s",
    )
    if dot is not None:
        benchmark.extra_info["times faster than dot"] = f"{'at least ' if dot >= LIMIT else ''}{dot / took:.1f}"
    assert took <= limit
    return layout


@pytest.fixture(scope="module")
def big():
    return transformer(BLOCKS)


def uneven(request):
    """As if every box had a name of its own."""
    widths = random.Random(5)
    boxes = tuple(box._replace(width=box.width + round(widths.random() * 60)) for box in request.boxes)
    return request._replace(boxes=boxes)


def test_transformer_of_10000_boxes_collapsed(benchmark, big):
    measured(benchmark, closed(big, ("blocks",)), 0.1, compare=False)


def test_transformer_of_100_blocks_every_one_closed(benchmark):
    small = transformer(100)
    for number in range(100):
        small = closed(small, ("blocks", str(number)))
    measured(benchmark, small, 0.1)


def test_transformer_of_10000_boxes_expanded(benchmark, big):
    measured(benchmark, big, 2.0)


def test_transformer_of_10000_boxes_of_all_widths_expanded(benchmark, big):
    measured(benchmark, uneven(big), 6.0, rounds=1)


def test_transformer_of_10000_boxes_without_groups(benchmark, big):
    flat = big._replace(boxes=tuple(box._replace(group=()) for box in big.boxes))
    measured(benchmark, flat, 3.0)


def test_opening_one_block_among_100(benchmark):
    opened = transformer(100)
    for number in range(100):
        if number != 50:
            opened = closed(opened, ("blocks", str(number)))
    before = closed(opened, ("blocks", "50"))
    anchor = Anchor(before, lay_out(before))
    measured(benchmark, opened, 0.2, previous=anchor, compare=False)


def test_lstm_of_1000_steps(benchmark):
    measured(benchmark, lstm(1_000), 3.0)


def test_lstm_of_1000_steps_in_groups(benchmark):
    measured(benchmark, lstm(1_000, grouped=True), 3.0, compare=False)


def test_lstm_of_60_steps_with_each_weight_drawn_once(benchmark):
    measured(benchmark, lstm(60, shared=True), 3.0)


def test_star_of_5000_leaves(benchmark):
    measured(benchmark, star(5_000), 3.0)


def test_hub_of_1000_consumers(benchmark):
    measured(benchmark, hub(1_000), 1.0)


def test_chain_of_100000_boxes(benchmark):
    measured(benchmark, chain(100_000), 15.0, rounds=1, compare=False)


def test_transformer_of_300_boxes(benchmark):
    measured(benchmark, transformer(17), 0.2)


def test_expanded_through_the_process(benchmark, big):
    """With the way to the layout process and back, as the window gets it."""
    with LayoutService() as service:
        service.lay_out(transformer(1))
        numbers = iter(range(10))

        def run():
            # Another key each time, so that the answer does not come from the service's memory.
            first = big.boxes[0]._replace(key=f"loss {next(numbers)}")
            return service.lay_out(big._replace(boxes=(first, *big.boxes[1:])))

        benchmark.pedantic(run, rounds=3)
    assert benchmark.stats.stats.max <= 2.0


def test_cancelling_a_long_layout(benchmark):
    """From the cancel to the next picture, a new process warmed in between."""
    with LayoutService() as service:
        service.lay_out(transformer(1))
        numbers = iter(range(1, 10))

        def run():
            ticket = service.submit(lstm(4_000), print, print)
            threading.Event().wait(0.2)
            start = time.perf_counter()
            ticket.cancel()
            service.lay_out(transformer(next(numbers)))
            return time.perf_counter() - start

        took = benchmark.pedantic(run, rounds=3)
    benchmark.extra_info["cancel to next layout"] = f"{took:.2f} s"
