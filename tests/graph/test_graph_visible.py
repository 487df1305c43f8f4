from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.graph.build import chapter_graph
from graphviz_app.graph.grouping import group_nodes
from graphviz_app.graph.visible import default_expansion, visible_graph
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, chain, star, transformer, unrolled


def graph_of(recording):
    timeline = Timeline(recording)
    return chapter_graph(recording, timeline, timeline.chapters[0])


def test_a_small_graph_is_open_at_first_sight():
    visible = visible_graph(graph_of(transformer(2, parts=2, per_part=3)))
    assert not [box for box in visible.boxes if box.kind == "group"]


def test_a_large_graph_is_closed_at_first_sight():
    for recording in (transformer(40), chain(2_000), unrolled(300)):
        visible = visible_graph(graph_of(recording))
        assert len(visible.boxes) <= 300


def test_links_between_closed_groups_are_merged_and_counted():
    graph = graph_of(transformer(2, parts=2, per_part=3))
    visible = visible_graph(graph, frozenset())
    [between] = [
        link
        for link in visible.links
        if visible.boxes[link.source].kind == "group" and visible.boxes[link.target].kind == "group"
    ]
    assert between.count == 2


def test_parallel_edges_between_two_nodes_stay_apart():
    program = Program()
    x = program.leaf("x")
    y = program.run("mul", program.run("add", x), x)
    program.backward(program.run("mul", y, y))
    visible = visible_graph(graph_of(program.recording()))
    ends = [(link.source, link.target) for link in visible.links if link.kind == "gradient"]
    assert len(ends) - len(set(ends)) == 1


def test_a_leaf_with_many_uses_is_drawn_once_per_use():
    program = Program()
    w = program.leaf("w")
    h = program.leaf("h")
    for _ in range(7):
        h = program.run("mul", h, w)
    program.backward(h)
    visible = visible_graph(graph_of(program.recording()))
    [leaf] = [number for number, box in enumerate(visible.boxes) if box.kind == "leaf" and box.leaf == 0]
    assert len(visible.references[visible.boxes[leaf].keys[0]]) == 6
    assert len(visible.links_into(leaf)) == 1
    # The first operation of the forward pass, lowest in the picture, keeps the leaf itself.
    [link] = visible.links_into(leaf)
    operations = visible.graph.nodes(data="operation", default=99)
    assert operations[visible.links[link].nodes[0]] == 0


def test_a_leaf_with_few_uses_stays_one():
    program = Program()
    w = program.leaf("w")
    h = program.run("mul", w, w)
    program.backward(program.run("mul", h, w))
    assert visible_graph(graph_of(program.recording())).references == {}


@st.composite
def graph_and_expansion(draw):
    graph = graph_of(transformer(draw(st.integers(1, 3)), parts=2, per_part=draw(st.integers(2, 4))))
    grouping = group_nodes(graph)
    return (
        graph,
        grouping,
        frozenset(draw(st.lists(st.sampled_from(sorted(grouping.groups)))) if grouping.groups else []),
    )


@settings(max_examples=40, deadline=None)
@given(graph_and_expansion())
def test_whatever_is_open_every_node_is_in_one_box_and_every_crossing_edge_on_one_link(case):
    graph, grouping, expanded = case
    visible = visible_graph(graph, expanded, grouping)
    assert set(visible.box_of) == set(graph)
    shown = sorted(edge for link in visible.links for edge in link.edges)
    crossing = sorted(
        key
        for source, target, key, kind in graph.edges(keys=True, data="kind")
        if kind == "gradient" and visible.box_of[source] != visible.box_of[target]
    )
    assert shown == crossing
    for box in visible.boxes:
        assert all(box.group[:depth] in expanded for depth in range(1, len(box.group) + 1))
    assert len({box.key for box in visible.boxes}) == len(visible.boxes)
    assert len({link.key for link in visible.links}) == len(visible.links)


def test_what_opens_at_first_sight_opens_with_its_neighbours():
    grouping = group_nodes(graph_of(transformer(40)))
    opened = default_expansion(grouping)
    for path in opened:
        siblings = {other for other in grouping.groups if other[:-1] == path[:-1]}
        assert siblings <= opened


def test_the_pieces_of_a_long_row_are_closed_even_in_a_small_graph():
    visible = visible_graph(graph_of(star(200)))
    assert len(visible.boxes) <= 40


def test_a_leaf_that_is_read_hundreds_of_times_does_not_fill_the_picture_with_references():
    program = Program()
    x = program.leaf("x")
    tensors = [program.run("mul", x, line=number) for number in range(190)]
    program.backward(program.run("stack", *tensors, line=999))
    assert len(visible_graph(graph_of(program.recording())).boxes) <= 150
