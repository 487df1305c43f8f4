import pytest

from graphviz_app.graph.build import chapter_graph
from graphviz_app.graph.grouping import group_nodes, members
from graphviz_app.graph.structure import module_names
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, chain, star, transformer, unrolled
from tests.support_record import record_source


def grouping_of(recording):
    timeline = Timeline(recording)
    graph = chapter_graph(recording, timeline, timeline.chapters[0])
    return graph, group_nodes(graph)


def test_modules_are_nested_groups():
    _, grouping = grouping_of(transformer(3, parts=2, per_part=3))
    assert {path for path in grouping.groups if len(path) == 1} == {("blocks.0",), ("blocks.1",), ("blocks.2",)}
    group = grouping.groups["blocks.1", "part0"]
    assert (group.title, group.subtitle) == ("part0", "Part")


def test_a_parameter_stands_in_the_module_that_reads_it():
    graph, grouping = grouping_of(transformer(2, parts=2, per_part=3))
    [weight] = [key for key, name in graph.nodes(data="variable") if name == "net.blocks.1.part1.weight"]
    assert grouping.paths[weight] == ("blocks.1", "part1")


def test_rounds_of_a_loop_are_groups():
    graph, grouping = grouping_of(unrolled(4))
    titles = [group.title for path, group in grouping.groups.items() if len(path) == 1]
    assert titles == ["iteration 1", "iteration 2", "iteration 3", "iteration 4"]
    assert all(len(nodes) >= 4 for path, nodes in members(grouping).items() if len(path) == 1)
    assert graph.number_of_nodes() == grouping.node_count


def test_many_rounds_are_put_into_pieces():
    _, grouping = grouping_of(chain(1_000))
    outer = [group.title for path, group in grouping.groups.items() if len(path) == 1]
    assert len(outer) <= 30
    assert outer[0].startswith("iterations 1–")


def test_a_row_that_no_structure_divides_is_put_into_pieces():
    _, grouping = grouping_of(star(5_000))
    assert grouping.top_level_count <= 60
    assert max(group.children for group in grouping.groups.values()) <= 160


def test_a_function_call_is_a_group_and_the_one_that_holds_everything_is_not():
    program = Program(
        "def helper(x):\n  a = x * 2\n  return a + 1\ndef main():\n  y = helper(w)\n  z = y * y * y\nmain()\n"
    )
    w = program.leaf("w")
    inside = [(7, "main"), (5, "main"), (2, "helper")]
    stack = ((7, "<module>"), (5, "main"))
    y = program.run("mul", w, stack=(*stack, (2, "helper")))
    y = program.run("add", y, stack=(*stack, (3, "helper")))
    y = program.run("mul", y, stack=((7, "<module>"), (6, "main")))
    program.backward(program.run("exp", y, stack=((7, "<module>"), (6, "main"))))
    _, grouping = grouping_of(program.recording())
    assert [group.title for group in grouping.groups.values() if "helper" in group.title] == ["helper()"], inside


def test_an_operation_of_several_nodes_is_a_group():
    program = Program()
    x = program.leaf("x")
    y = program.run("cross_entropy", program.run("mul", x), nodes=3)
    program.backward(y)
    _, grouping = grouping_of(program.recording())
    assert [(group.title, group.size) for group in grouping.groups.values()] == [("cross_entropy", 3)]


def test_an_unrolled_cell_that_is_the_same_module_each_round_is_told_apart_by_its_round():
    program = Program("for t in range(3):\n  h = cell(h)\n  h = h + 1\n")
    h = program.leaf("h")
    for _ in range(3):
        h = program.run("mul", h, line=2, module="cell", module_type="Cell")
        h = program.run("tanh", h, line=2, module="cell", module_type="Cell")
        h = program.run("add", h, line=3)
    program.backward(program.run("sum", h, line=4))
    _, grouping = grouping_of(program.recording())
    rounds = [path for path, group in grouping.groups.items() if group.title.startswith("iteration")]
    assert len(rounds) == 3


def test_the_same_graph_always_gets_the_same_groups():
    recording = transformer(4, parts=3, per_part=3)
    assert grouping_of(recording)[1] == grouping_of(recording)[1]


@pytest.mark.parametrize(
    ("path", "names"),
    [("", []), ("fc", ["fc"]), ("blocks.3.attn", ["blocks.3", "attn"]), ("0", ["0"]), ("a.0.1.b", ["a.0.1", "b"])],
)
def test_an_index_stays_with_its_list(path, names):
    assert module_names(path) == names


TWO_NETS = """import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    def forward(self, x):
        return self.layers(x)
class Lit(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(2))
    def training_step(self, x):
        return self.decoder(self.encoder(x)).sum()
# A form feed \x0c ends no line.
x = torch.ones(3, 2)
generator, discriminator, lit, alone = Net(), Net(), Lit(), Net()
discriminator(generator(x)).sum().backward()
lit.training_step(x).backward()
alone(x).sum().backward()
"""


def test_modules_of_two_networks_with_the_same_paths_are_told_apart_by_what_the_program_calls_them():
    recording = record_source(TWO_NETS)
    timeline = Timeline(recording)
    groups = [group_nodes(chapter_graph(recording, timeline, chapter)).groups for chapter in timeline.chapters]
    modules = [{path for path, group in each.items() if group.kind == "module"} for each in groups]
    layers = {("layers.0",), ("layers.2",)}
    nets = ("generator", "discriminator")
    assert modules[0] == {*[(net,) for net in nets], *[(net, *layer) for net in nets for layer in layers]}
    # A method's call is a group where it is not all that there is.
    assert {path[-1] for path in modules[1]} == {"encoder.0", "encoder.1", "decoder.0", "decoder.1"}
    assert modules[2] == layers


STEP = """
import torch
from torch import nn
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)
    def forward(self, x):
        return self.lin(x).relu() + x
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x * x * x
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), Block()
    def training_step(self, x):
        return self.head(self.encoder(x)).sum()
first, second = Model(), Model()
x = torch.ones(2)
(first.training_step(x) + second.training_step(x)).backward()
"""


def test_a_method_that_the_program_calls_by_itself_is_outside_the_modules_it_calls():
    _, grouping = grouping_of(record_source(STEP))
    paths = {path for path, group in grouping.groups.items() if group.title == "blocks.1"}
    assert paths == {(name, "encoder", "blocks.1") for name in ("first", "second")}
