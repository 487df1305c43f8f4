import networkx as nx
import numpy as np
import pytest

from graphviz_app.graph.build import chapter_graph
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, chain, star
from tests.support_record import record_source
from tests.support_synthetic import Script, accumulation
from tests.support_trace import trace_source


def graph_of(recording, chapter=0):
    timeline = Timeline(recording)
    return chapter_graph(recording, timeline, timeline.chapters[chapter])


def test_a_chapter_has_the_nodes_and_edges_that_autograd_made():
    graph = graph_of(accumulation(2).recording(), 1)
    assert {graph.nodes[key]["name"] for key in graph if isinstance(key, int)} == {
        "SumBackward0", "MulBackward0", "AccumulateGrad",
    }  # fmt: skip
    assert [(u, v, k) for u, v, k, kind in graph.edges(keys=True, data="kind") if kind == "gradient"] == [
        (3, 4, 2), (4, 5, 3),
    ]  # fmt: skip


def test_a_node_knows_its_operation_line_variable_and_module():
    program = Program("y = net(x)\n")
    x = program.leaf("x")
    y = program.run("mul", x, line=1, module="net.fc", module_type="Linear", variable="y")
    program.backward(y)
    graph = graph_of(program.recording())
    node = graph.nodes[y.node]
    assert (node["name"], node["line"], node["variable"], node["module"], node["module_type"], node["operation"]) == (
        "MulBackward0", 1, "y", "net.fc", "Linear", 0,
    )  # fmt: skip


def test_a_pass_enters_at_its_root_box():
    graph = graph_of(accumulation(1).recording())
    [(source, target, _)] = [edge for edge in graph.edges(data="kind") if edge[2] == "root"]
    assert graph.nodes[source]["kind"] == "root"
    assert graph.nodes[target]["name"] == "SumBackward0"


def test_parallel_edges_stand_apart():
    program = Program("y = x * x\n")
    x = program.leaf("x")
    y = program.run("mul", x, x)
    program.backward(y)
    graph = graph_of(program.recording())
    leaf = next(key for key, kind in graph.nodes(data="kind") if kind == "leaf")
    assert graph.number_of_edges(y.node, leaf) == 2


def test_a_chain_of_ten_thousand_operations_is_built_without_recursion():
    graph = graph_of(chain(10_000))
    assert len([key for key in graph if isinstance(key, int)]) == 10_002
    assert nx.is_directed_acyclic_graph(graph)


def test_a_node_may_have_thousands_of_inputs():
    graph = graph_of(star(5_000))
    assert max(degree for _, degree in graph.out_degree()) == 5_000


def test_a_second_pass_over_a_kept_graph_shows_that_graph_again():
    script = Script()
    one, two = script.value(1), script.value(2)
    script.add(
        ev.LeafFound(0, 0, "w", one),
        ev.NodesMade((ev.Node(0, "SumBackward0"), ev.Node(1, "AccumulateGrad", leaf=0)), (ev.Edge(0, 0, 1, 0),)),
    )
    for number in range(2):
        script.add(
            ev.BackwardStarted(number, roots=(ev.Root(0, 0, one),), retain_graph=number == 0),
            ev.NodeCalled(number, 0, (one,), (one,)),
            ev.NodeCalled(number, 1, (one,), ()),
            ev.GradAccumulated(number, 0, ev.NONE if number == 0 else one, one, one if number == 0 else two, 1),
            ev.BackwardFinished(number),
        )
    recording = script.recording()
    assert {key for key in graph_of(recording, 1) if isinstance(key, int)} == {0, 1}


def test_a_leaf_that_is_only_updated_is_in_the_graph_too():
    script = accumulation(1)
    w = script.value(5, 5)
    script.add(ev.LeafFound(1, 77, "v", w), ev.LeafUpdated(1, w, script.value(4, 4)))
    graph = graph_of(script.recording())
    assert graph.nodes["leaf:1"]["variable"] == "v"


def test_a_leaf_without_a_name_that_is_only_updated_is_in_the_graph_if_it_was_ever_used():
    script = accumulation(1)
    w = script.value(5, 5)
    script.add(ev.LeafFound(1, 77, "leaf1", w), ev.LeafUpdated(1, w, script.value(4, 4)))
    assert "leaf:1" not in graph_of(script.recording())
    node = len(script.recording().index.nodes)
    script.add(ev.NodesMade((ev.Node(node, "AccumulateGrad", leaf=1),), (ev.Edge(0, 5, node, 0),)))
    assert 1 in {leaf for _, leaf in graph_of(script.recording()).nodes(data="leaf")}


def test_first_values_of_a_leaf_that_nothing_ever_uses_do_not_put_it_into_the_graph():
    # They are set on the line that makes it, as those of a layer that is copied and dropped.
    for line, is_drawn in ((3, False), (4, True)):
        script = accumulation(1)
        w = script.value(5, 5)
        made = ev.OperationRan(7, "torch.empty", ev.Span(0, 3))
        update = ev.LeafUpdated(1, w, script.value(4, 4), ev.Span(0, line))
        script.add(made, ev.LeafFound(1, 77, "v", w), update)
        assert ("leaf:1" in graph_of(script.recording())) == is_drawn


def test_a_leaf_that_nothing_reads_is_left_out_unless_it_is_all_there_is():
    program = Program()
    program.made[0].append(ev.Node(0, "AccumulateGrad", leaf=program.leaf("copied").leaf))
    program.nodes.append(0)
    alone = graph_of(program.recording())
    assert [name for _, name in alone.nodes(data="variable")] == ["copied"]
    program.backward(program.run("mul", program.leaf("x")))
    graph = graph_of(program.recording())
    assert "copied" not in {name for _, name in graph.nodes(data="variable")}


def test_where_a_program_fails_before_there_is_a_graph_its_data_and_what_its_layers_hold_are_shown():
    source = """
import torch
net = torch.nn.Sequential(*[torch.nn.Linear(8, 8) for _ in range(5)])
x = torch.ones(4, 6)
net(x)
"""
    timeline = Timeline(record_source(source))
    graph = chapter_graph(timeline.recording, timeline, timeline.chapters[0])
    assert {"x", "net.0.weight", "net.4.bias"} <= {name for _, name in graph.nodes(data="variable")}


def test_a_program_without_tensors_has_an_empty_graph():
    script = Script()
    script.add(ev.Printed("stdout", "hello"), ev.Finished("returned", 0))
    assert len(graph_of(script.recording())) == 0


def test_a_recording_that_was_cut_off_in_a_pass_still_has_a_graph():
    program = Program()
    y = program.run("mul", program.leaf("x"))
    program.events.append(ev.BackwardStarted(0, roots=(ev.Root(y.node, 0, y.value),)))
    assert y.node in graph_of(program.recording())


@pytest.mark.parametrize("root", [-1, 99])
def test_a_root_that_was_never_recorded_is_left_out(root):
    program = Program()
    program.events.append(ev.BackwardStarted(0, roots=(ev.Root(root, 0, program.value(1)),)))
    program.events.append(ev.BackwardFinished(0))
    assert len(graph_of(program.recording())) == 0


def cut_program():
    program = Program("y = x + 2\nd = y.detach()\nz = y * d - target\nk = y.item()\n")
    x, target = program.leaf("x", [1.0]), program.data("target", [3.0])
    y = program.run("add", x, line=1, variable="y")
    d = program.run("detach", y, line=2, cut="detach", variable="d")
    z = program.run("sub", program.run("mul", y, d, line=3), target, line=3, variable="z")
    program.run("item", y, line=4, cut="item")
    program.backward(z)
    return program, y, z


def test_what_detach_cut_off_is_drawn_with_its_cause():
    program, y, _ = cut_program()
    graph = graph_of(program.recording())
    assert graph.nodes["operation:1"]["cause"] == "detach"
    assert graph.has_edge("operation:1", y.node)
    assert any(source == 2 for source, _ in graph.in_edges("operation:1"))


def test_an_input_that_needs_no_gradient_is_drawn_where_it_is_read():
    program, _, z = cut_program()
    graph = graph_of(program.recording())
    [tensor] = [key for key, kind in graph.nodes(data="kind") if kind == "tensor"]
    assert graph.nodes[tensor]["variable"] == "target"
    assert graph.has_edge(z.node, tensor)


def test_a_value_that_left_torch_is_a_dead_end():
    program, y, _ = cut_program()
    graph = graph_of(program.recording())
    [item] = [key for key, name in graph.nodes(data="name") if name == "torch.Tensor.item"]
    assert graph.nodes[item]["cause"] == "left torch"
    assert list(graph.successors(item)) == [y.node]
    assert graph.in_degree(item) == 0


def test_a_chain_under_no_grad_is_drawn_back_to_where_it_left_the_graph():
    program = Program()
    x = program.leaf("x", [1.0])
    y = program.run("add", x)
    tensor = y
    for _ in range(5):
        tensor = program.run("mul", tensor, cut="no_grad")
    program.backward(program.run("mul", y, tensor))
    graph = graph_of(program.recording())
    operations = [key for key, kind in graph.nodes(data="kind") if kind == "operation"]
    assert len(operations) == 5
    assert nx.has_path(graph, operations[-1], y.node)


def test_no_more_grey_boxes_are_drawn_than_help_and_the_rest_are_counted():
    program = Program()
    y = program.run("add", program.leaf("x", [1.0]))
    for _ in range(200):
        program.run("item", y, cut="item")
    program.backward(y)
    graph = graph_of(program.recording())
    drawn = [key for key, kind in graph.nodes(data="kind") if kind == "operation"]
    assert len(drawn) == 60
    assert graph.graph["cuts_left_out"] == 140


def test_a_leaf_that_an_optimizer_writes_on_is_no_cut():
    program = Program()
    w = program.leaf("w", [1.0])
    program.backward(program.run("mul", w))
    use = ev.TensorUse(w.number, w.value, requires_grad=True)
    program.events.append(
        ev.OperationRan(9, "torch.Tensor.sub_", inputs=(use,), outputs=(use,), grad_mode=False, cut="no_grad")
    )
    graph = graph_of(program.recording())
    assert not [key for key, kind in graph.nodes(data="kind") if kind == "operation"]


def test_without_any_graph_the_operations_that_made_none_are_shown():
    program = Program("a = b + c\n")
    program.run("add", program.data("b"), program.data("c"), variable="a")
    graph = graph_of(program.recording())
    assert graph.nodes["operation:0"]["cause"] == "no input requires grad"
    assert np.array_equal(sorted(name for _, name in graph.nodes(data="variable")), ["a", "b", "c"])


def test_what_made_a_leaf_is_no_cut_and_is_left_out_where_the_leaf_has_a_card():
    program = Program("w = tensor(1.0)\n")
    leaf = program.leaf("w")
    use = ev.TensorUse(leaf.number, leaf.value, requires_grad=True, is_leaf=True)
    program.events.append(ev.OperationRan(0, "torch.tensor", outputs=(use,)))
    program.operations += 1
    assert graph_of(program.recording()).nodes["operation:0"]["cause"] == "requires grad"
    program.made[0].append(ev.Node(0, "AccumulateGrad", leaf=leaf.leaf, tensor=leaf.number))
    program.nodes.append(0)
    program.leaf_nodes[leaf.leaf] = 0
    program.run("mul", leaf, cut="no_grad", variable="y")
    drawn = dict(graph_of(program.recording()).nodes(data="variable"))
    assert sorted(drawn.values()) == ["w", "y"]
    assert "operation:0" not in drawn


def test_without_any_graph_data_is_drawn_once():
    script = Script()
    script.add(ev.SourceRead(0, "program.py", "x = torch.ones(3)\ny = x.sum()\n"), ev.NameBound(0, "x"))
    script.add(ev.OperationRan(0, "torch.ones", ev.Span(0, 1), outputs=(ev.TensorUse(0),)))
    alone = graph_of(script.recording())
    assert list(alone) == ["operation:0"]
    script.add(
        ev.OperationRan(1, "torch.Tensor.sum", ev.Span(0, 2), (), "", "", (ev.TensorUse(0),), (ev.TensorUse(1),))
    )
    graph = graph_of(script.recording())
    assert sorted(map(str, graph)) == ["operation:1", "tensor:0"]
    assert [(source, target) for source, target, _ in graph.edges] == [("operation:1", "tensor:0")]


COMPOSITE = """import torch
x = torch.ones(2, 3, requires_grad=True)
target = torch.tensor([0, 2])
torch.nn.functional.cross_entropy(x * 2, target, label_smoothing=0.1).backward()
"""


def test_what_one_node_of_an_operation_needs_is_linked_to_that_node(tmp_path):
    graph = graph_of(trace_source(COMPOSITE, tmp_path / "program.py"))
    cuts = [(graph.nodes[source]["name"], target) for source, target, kind in graph.edges(data="kind") if kind == "cut"]
    assert cuts == [("NllLossBackward0", "tensor:1")]


def test_what_is_made_of_nothing_for_nobody_is_not_drawn():
    script = Script()
    script.add(ev.SourceRead(0, "program.py", "fc = Linear(2, 1)\nx = torch.ones(3)\n"))
    script.add(ev.OperationRan(0, "torch.empty", ev.Span(0, 1), outputs=(ev.TensorUse(0),)))
    script.add(ev.OperationRan(1, "torch.ones", ev.Span(0, 2), outputs=(ev.TensorUse(1),)), ev.NameBound(1, "x"))
    assert list(graph_of(script.recording())) == ["operation:1"]
    script.add(
        ev.OperationRan(2, "torch.Tensor.exp", ev.Span(0, 1), (), "", "", (ev.TensorUse(0),), (ev.TensorUse(2),))
    )
    assert sorted(map(str, graph_of(script.recording()))) == ["operation:0", "operation:1", "operation:2"]
