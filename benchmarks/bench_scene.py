"""From a recording to a picture and its frames: 10,000 nodes, closed and with every group open.

What a person waits for: building the graph and its groups once a chapter, preparing a picture once per opened group, a
frame at every step. The last test gives the ratio of a frame of 10,000 boxes to one of a hundred.
"""

import time

import numpy as np
import pytest

from graphviz_app.graph.build import chapter_graph
from graphviz_app.graph.cache import structure_of
from graphviz_app.graph.grouping import group_nodes
from graphviz_app.graph.visible import visible_graph
from graphviz_app.layout.model import Layout
from graphviz_app.scene.picture import prepare
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_programs import chain, transformer, unrolled

RECORDINGS = {
    "transformer": lambda: transformer(320),
    "chain": lambda: chain(10_000),
    "unrolled": lambda: unrolled(1_000),
}


@pytest.fixture(scope="module", params=sorted(RECORDINGS))
def timeline(request):
    return Timeline(RECORDINGS[request.param]())


def nowhere(request):
    """A layout that costs nothing: what is measured here is the scene."""
    boxes, links = len(request.boxes), len(request.links)
    curves = tuple(np.zeros((4, 2), np.float32) for _ in range(links))
    return Layout(1.0, 1.0, np.zeros((boxes, 2), np.float32), curves, np.zeros((links, 2), np.float32), (), "none")


def open_picture(timeline):
    recording, chapter = timeline.recording, timeline.chapters[0]
    everything = frozenset(structure_of(recording, timeline, chapter).grouping.groups)
    prepared = prepare(recording, timeline, chapter, everything)
    return prepared.finish(nowhere(prepared.request))


def test_graph_of_ten_thousand_nodes(benchmark, timeline):
    benchmark(chapter_graph, timeline.recording, timeline, timeline.chapters[0])


def test_groups_of_ten_thousand_nodes(benchmark, timeline):
    graph = chapter_graph(timeline.recording, timeline, timeline.chapters[0])
    benchmark(group_nodes, graph)


def test_what_is_visible_of_ten_thousand_nodes(benchmark, timeline):
    structure = structure_of(timeline.recording, timeline, timeline.chapters[0])
    benchmark(visible_graph, structure.graph, None, structure.grouping)


def test_picture_prepared_at_first_sight(benchmark, timeline):
    structure_of(timeline.recording, timeline, timeline.chapters[0])
    benchmark(prepare, timeline.recording, timeline, timeline.chapters[0])


def test_picture_prepared_with_everything_open(benchmark, timeline):
    benchmark.pedantic(open_picture, (timeline,), rounds=2)


def test_a_step_with_everything_open(benchmark, timeline):
    picture = open_picture(timeline)
    chapter = picture.chapter
    steps = iter(np.random.default_rng(0).integers(chapter.first_step, chapter.last_step, 1_000_000).tolist())
    benchmark(lambda: picture.frame(next(steps), LIGHT))


def test_values_and_labels_of_a_screenful(benchmark, timeline):
    picture = open_picture(timeline)
    frame = picture.frame(picture.chapter.last_step, LIGHT)

    def draw():
        for number in range(100):
            frame.live_shapes(number)
            frame.label_shapes(number)

    benchmark(draw)


def test_a_frame_of_ten_thousand_boxes_costs_little_more_than_one_of_a_hundred(timeline):
    recording, chapter = timeline.recording, timeline.chapters[0]
    prepared = prepare(recording, timeline, chapter)
    closed, opened = prepared.finish(nowhere(prepared.request)), open_picture(timeline)
    middle = (chapter.first_step + chapter.last_step) // 2
    times = []
    for picture in (closed, opened):
        picture.frame(middle, LIGHT)
        start = time.perf_counter()
        for step in range(middle + 1, middle + 101):
            picture.frame(step, LIGHT)
        times.append((time.perf_counter() - start) * 10)
    small, large = len(closed.graph.boxes), len(opened.graph.boxes)
    print(
        f"\n{small} boxes {times[0]:.2f} ms, {large} boxes {times[1]:.2f} ms, {times[1] / times[0]:.1f} times as long"
    )
