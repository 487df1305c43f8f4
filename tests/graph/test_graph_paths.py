from graphviz_app.graph.build import chapter_graph
from graphviz_app.graph.paths import cuts, fan_in, is_reached, ways_between, ways_from_roots
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, chain


def diamond():
    program = Program()
    x, w = program.leaf("x"), program.leaf("w")
    y = program.run("add", x)
    left, right = program.run("mul", y), program.run("exp", y)
    z = program.run("add", program.run("mul", left, w), right)
    program.backward(z)
    recording = program.recording()
    timeline = Timeline(recording)
    graph = chapter_graph(recording, timeline, timeline.chapters[0])
    leaves = {graph.nodes[key]["variable"]: key for key, kind in graph.nodes(data="kind") if kind == "leaf"}
    return graph, leaves, y, left, right, z


def test_the_ways_from_the_loss_to_a_leaf_are_what_lies_on_them_and_nothing_else():
    graph, leaves, y, left, right, z = diamond()
    ways = ways_from_roots(graph, [leaves["x"]])
    assert {y.node, left.node, right.node, z.node, leaves["x"]} <= ways.nodes
    assert leaves["w"] not in ways.nodes


def test_between_two_nodes_only_their_ways_count():
    graph, leaves, _, left, right, z = diamond()
    assert right.node not in ways_between(graph, z.node, left.node).nodes
    assert is_reached(graph, z.node, leaves["w"])
    assert not is_reached(graph, right.node, leaves["w"])


def test_where_gradients_meet_is_known_by_slot():
    graph, _, y, left, _, _ = diamond()
    assert len(fan_in(graph, y.node)[0]) == 2
    assert fan_in(graph, left.node) == {}


def test_a_cut_names_its_cause():
    program = Program()
    y = program.run("mul", program.leaf("x"))
    d = program.run("detach", y, cut="detach")
    program.backward(program.run("mul", y, d))
    recording = program.recording()
    timeline = Timeline(recording)
    found = cuts(chapter_graph(recording, timeline, timeline.chapters[0]))
    assert {cut.cause for cut in found} == {"detach"}
    assert len(found) == 2


def test_a_chain_of_ten_thousand_operations_is_walked_without_recursion():
    recording = chain(10_000)
    timeline = Timeline(recording)
    graph = chapter_graph(recording, timeline, timeline.chapters[0])
    leaf = next(key for key, kind in graph.nodes(data="kind") if kind == "leaf")
    assert len(ways_from_roots(graph, [leaf]).nodes) == len(graph)
