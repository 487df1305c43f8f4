"""A node explained: its rule, the recorded numbers put in, where it comes from, and honest where nothing is known."""

import re

import numpy as np
import pytest

from graphviz_app.explain.latex import latex_array, latex_number
from graphviz_app.explain.node import explain_node
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.support_record import record_source
from tests.support_synthetic import Script, accumulation

PROGRAM = """\
import torch
x = torch.tensor([2.0, -1.0], requires_grad=True)
y = x * 3
z = (y * y).sum()
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
z = Double.apply(z) + torch.special.erfcx(x).sum()
z.backward()
"""


@pytest.fixture(scope="module")
def timeline():
    return Timeline(record_source(PROGRAM))


def explained(timeline, name, step=None, which=0):
    nodes = timeline.recording.index.nodes
    found = [node for node in range(len(nodes)) if nodes.name(node).endswith(name)]
    return explain_node(timeline.recording, timeline, found[which], timeline.step_count if step is None else step)


def test_a_product_shows_its_numbers_and_that_they_are_right(timeline):
    product = explained(timeline, "MulBackward0", which=1)
    assert product.numbers_latex == (r"\left[2,\; 2\right] \cdot \left[6,\; -3\right] = \left[12,\; -6\right]")
    assert len(product.all_numbers_latex) == 2
    assert {saved.name for saved in product.saved} == {"y"}
    assert any(sentence.startswith("Checked") for sentence in product.sentences)
    assert any("line 4" in sentence for sentence in product.sentences)
    assert product.source == "derivatives.yaml: mul.Tensor"


def test_a_number_in_the_program_is_put_in_too(timeline):
    tripled = explained(timeline, "MulBackward0")
    assert tripled.title == "MulBackward0 of y"
    assert r"\cdot 3 =" in tripled.numbers_latex
    assert "Its second input needs no gradient, so none is computed for it." in tripled.sentences


def test_what_a_pass_was_not_asked_for_is_said_to_be_left_out_for_that():
    program = (
        "import torch\nx, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)\n"
        "class Nothing(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, a):\n        return a * 1\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return None\n"
        "z = (x * w).sum()\ntorch.autograd.grad(z, x, retain_graph=True)\nz.backward(inputs=[x], retain_graph=True)\n"
        "z.backward()\n(x * Nothing.apply(w * 2)).sum().backward()\n"
    )
    timeline = Timeline(record_source(program))
    left_out = "Its second input leads to nothing whose gradient this pass was asked for, so none is computed."
    ends = [chapter.last_step for chapter in timeline.chapters]
    assert [left_out in explained(timeline, "MulBackward0", step=step).sentences for step in ends[:3]] == [
        True, True, False,
    ]  # fmt: skip
    silent = explained(timeline, "NothingBackward").sentences
    assert "It sends no gradient (None, not zeros) to its first input." in silent


def test_before_it_ran_there_are_a_formula_and_no_numbers(timeline):
    product = explained(timeline, "MulBackward0", step=1)
    assert product.formula_latex
    assert product.numbers_latex == ""
    assert product.inputs == product.outputs == ()
    assert "It has not run yet." in product.sentences


def test_a_leaf_shows_the_sum(timeline):
    leaf = explained(timeline, "AccumulateGrad")
    assert leaf.title == "AccumulateGrad of x"
    assert leaf.numbers_latex.startswith(r"\mathrm{None} + ")


def test_a_custom_function_is_said_to_be_one(timeline):
    double = explained(timeline, "DoubleBackward")
    assert "written in Python" in double.sentences[0]
    assert "vector-Jacobian product" in double.sentences[0]
    assert double.checks == () or all(check.agrees is None for check in double.checks)


def test_a_node_without_a_rule_says_so(timeline):
    transform = explained(timeline, "SpecialErfcxBackward0")
    assert "no rule" in transform.sentences[0]
    assert "vector-Jacobian product" in transform.sentences[0]


def _step_of_call(timeline, node):
    calls = timeline.calls.of(node)
    return timeline.step_of_event(int(calls[-1])) if len(calls) else 0


def test_every_node_of_every_rule_is_explained(rules_recording):
    recording, _ = rules_recording
    timeline = Timeline(recording)
    for node in range(len(recording.index.nodes)):
        explanation = explain_node(recording, timeline, node, _step_of_call(timeline, node))
        assert explanation.title
        assert all(sentence.endswith((".", ".)")) for sentence in explanation.sentences), explanation.sentences


def test_numbers_can_be_drawn(rules_recording):
    ziamath = pytest.importorskip("ziamath")
    recording, _ = rules_recording
    timeline = Timeline(recording)
    drawn = 0
    for node in range(0, len(recording.index.nodes), 12):
        for text in explain_node(recording, timeline, node, _step_of_call(timeline, node)).all_numbers_latex:
            assert "<svg" in ziamath.Latex(text).svg()
            drawn += 1
    assert drawn > 10


def test_hooks_that_changed_a_gradient_are_named():
    script = accumulation(passes=1)
    call = next(index for index, event in enumerate(script.events) if isinstance(event, ev.NodeCalled))
    hook = ev.HookChange("grad_inputs", 0, script.events[call].grad_inputs[0], 0, "clip", ev.Span(0, 9))
    script.events[call] = ev.NodeCalled(0, 0, script.events[call].grad_outputs, (0,), (hook,))
    timeline = Timeline(script.recording())
    explanation = explain_node(timeline.recording, timeline, 0, timeline.step_count)
    assert "The hook clip changed what went out, line 9." in explanation.sentences


def test_the_pass_that_made_a_node_is_called_as_everywhere_else():
    recording = record_source("""import torch
w = torch.ones(2, requires_grad=True)
v = w * w
u = w * 3
u.register_hook(lambda grad: torch.autograd.grad(v, w, grad, retain_graph=True) and None)
u.sum().backward()
torch.autograd.grad(v.sum(), w, create_graph=True)[0].sum().backward()
""")
    timeline = Timeline(recording)
    made = [node for node, made_in in enumerate(recording.index.nodes.made_in_pass) if made_in != ev.NONE]
    sentences = explain_node(recording, timeline, made[0], timeline.step_count).sentences
    assert "Pass 2 made it, since it was told to create a graph of its own." in sentences


BEFORE_A_NORM = """import torch
for seed in range(3):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2))
    (net(torch.randn(16, 1, 8, 8)) ** 2 * torch.randn(16, 2, 8, 8)).mean().backward()
"""


def test_what_rounding_leaves_of_a_sum_that_cancels_is_no_difference():
    timeline = Timeline(record_source(BEFORE_A_NORM))
    names = timeline.recording.index.nodes
    found = [node for node in range(len(names)) if names.name(node) == "ConvolutionBackward0"]
    checks = [explain_node(timeline.recording, timeline, node, _step_of_call(timeline, node)).checks for node in found]
    assert [[check.agrees for check in each] for each in checks] == [[True, True]] * 3


COMPOSITE = """import torch
scores = torch.ones(2, 3, requires_grad=True)
loss = torch.nn.functional.cross_entropy(scores * 2, torch.tensor([0, 2]), label_smoothing=0.1)
loss.backward()
"""


def test_what_one_node_of_an_operation_saved_is_not_said_of_another():
    timeline = Timeline(record_source(COMPOSITE))
    recording = timeline.recording
    saved = {
        recording.index.nodes.name(node): [
            each.name for each in explain_node(recording, timeline, node, timeline.step_count).saved
        ]
        for node in range(len(recording.index.nodes))
    }
    assert saved["NllLossBackward0"] == ["argument 1"]
    assert saved["LogSoftmaxBackward0"] == saved["SumBackward0"] == saved["NegBackward0"] == []


def test_an_unknown_node_is_refused():
    timeline = Timeline(Script().recording())
    with pytest.raises(IndexError, match="no node 0"):
        explain_node(timeline.recording, timeline, 0, 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (1 / 3, "0.333"),
        (-2.5e-7, r"-2.5 \cdot 10^{-7}"),
        (float("nan"), r"\mathrm{NaN}"),
        (float("-inf"), r"-\infty"),
        (np.int64(7), "7"),
        (1 - 2j, r"\left(1 - 2 i\right)"),
    ],
)
def test_numbers_are_written_in_three_digits(value, text):
    assert latex_number(value) == text


def test_a_matrix_is_put_in_braces():
    assert latex_array(np.eye(2)) == r"{\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}}"


COMPOSITES = """\
import torch
x = torch.ones(2, 3, requires_grad=True)
target = torch.tensor([0, 2])
wide = torch.zeros(3)
layer = torch.nn.Linear(3, 3)
loss = torch.nn.functional.cross_entropy(layer(x), target, label_smoothing=0.1)
loss = loss + torch.nn.functional.mse_loss(x[:, :1], wide)
loss.backward()
"""


def test_of_several_nodes_of_one_call_each_tells_only_what_it_can_have_saved():
    recording = record_source(COMPOSITES)
    timeline = Timeline(recording)
    nodes = recording.index.nodes
    saved = {
        nodes.name(node): [one.name for one in explain_node(recording, timeline, node, timeline.step_count).saved]
        for node in range(len(nodes))
        if (operation := recording.operation(int(nodes.operation[node]))) is not None and len(operation.nodes) > 1
    }
    assert saved.pop("NllLossBackward0") == ["target"]
    assert saved.pop("AddmmBackward0") == ["x", "layer.weight"]
    assert saved.pop("MseLossBackward0") == ["argument 0", "wide"]
    assert {"TBackward0", "MulBackward1", "DivBackward0", "ExpandBackward0", "LogSoftmaxBackward0"} <= saved.keys()
    assert not any(saved.values())


HOOKED = """\
import torch
x = torch.ones(2, 3, requires_grad=True)
layer = torch.nn.Linear(3, 3)
layer.register_full_backward_hook(lambda module, given, came: (given[0] * 2,))
layer(x).sum().backward()
"""


def test_what_torch_puts_around_a_module_with_hooks_is_not_told_as_the_programs_own_function():
    recording = record_source(HOOKED)
    timeline = Timeline(recording)
    nodes = recording.index.nodes
    around = [node for node in range(len(nodes)) if nodes.name(node) == "BackwardHookFunctionBackward"]
    assert len(around) == 2
    for node in around:
        said = explain_node(recording, timeline, node, timeline.step_count)
        assert "a module that has backward hooks" in said.sentences[0]
        assert [check.agrees for check in said.checks] == [True]


def test_tensors_without_elements_are_explained_without_numbers():
    timeline = Timeline(
        record_source("import torch\nx = torch.ones(0, 3, requires_grad=True)\n((x * 2).exp() + x).sum().backward()\n")
    )
    for node in range(len(timeline.recording.index.nodes)):
        explained = explain_node(timeline.recording, timeline, node, timeline.step_count)
        assert explained.sentences
        assert all(check.agrees is not False for check in explained.checks)


def test_what_was_left_out_is_not_shown_as_multiplied_with_zero():
    source = """import torch
x = torch.tensor([1.0, -1.0], requires_grad=True)
(torch.where(x > 0, x, 2.0) / torch.tensor([2.0, 0.0])).sum().backward()
"""
    timeline = Timeline(record_source(source))
    choice = explained(timeline, "WhereBackward0")
    assert [check.agrees for check in choice.checks] == [True]
    assert r"\longrightarrow" in choice.numbers_latex


UNSAVED = """\
import torch
x, y, z = torch.ones(2, requires_grad=True), torch.full((2,), 3.0), torch.full((2,), 2.0)
a = torch.lerp(x, y, 0.5)
b = torch.lerp(x, y, z)
c = torch.addcmul(x, y, z)
d = torch.addcdiv(y, x, z)
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
    e = x.exp()
"""


def test_a_node_that_saved_nothing_shows_nothing_that_was_saved():
    recording = record_source(UNSAVED)
    timeline = Timeline(recording)
    saved = {
        timeline.node_variable(node): [each.what for each in explain_node(recording, timeline, node, 0).saved]
        for node in range(len(recording.index.nodes))
    }
    assert saved == {"x": [], "a": [], "b": ["argument 2"], "c": [], "d": ["argument 2"], "e": ["result"]}


def test_of_several_slots_is_told_in_the_plural():
    program = "import torch\nx = torch.ones(1, 3, requires_grad=True)\nw, b = torch.ones(2, 3), torch.ones(2)\n"
    program += "torch.nn.functional.linear(x, w, b).sum().backward()\na, b, c = x.unbind(1)\nb.sum().backward()\n"
    timeline = Timeline(record_source(program))
    linear, unbind = (
        explained(timeline, "AddmmBackward0", step=timeline.chapters[0].last_step),
        explained(timeline, "UnbindBackward0"),
    )
    assert "Its first and third inputs need no gradient, so none is computed for them." in linear.sentences
    silent = "No gradient arrived for its first and third outputs: nothing that the pass came through had used them, "
    assert f"{silent}so they count as 0." in unbind.sentences


def test_what_rounding_leaves_of_large_numbers_is_told_beside_their_size():
    program = "import torch\ntorch.manual_seed(0)\nx = torch.randn(50, 50) * 1e9\nw = torch.randn(50, 50)\n"
    program += "w.requires_grad_()\nz = (x @ w).sum()\nz.backward()\n"
    said = explained(Timeline(record_source(program)), "MmBackward0").sentences[-1]
    assert re.search(r"^Checked: .* the same, to within \S+ of numbers up to \de\+10\.$", said)


def test_what_was_not_checked_says_why():
    program = "import torch\nx = torch.randn(300, 300, requires_grad=True)\nx.exp().sum().backward()\n"
    program += "y = torch.ones(2, requires_grad=True)\nw = y * 1\nw[0] = 3\nw.sum().backward()\n"
    timeline = Timeline(record_source(program))
    names = ("ExpBackward0", "CopySlices")
    said = [
        explained(timeline, name, chapter.last_step).sentences[-1]
        for name, chapter in zip(names, timeline.chapters, strict=True)
    ]
    assert said[0] == "Not checked: what went out is too large, or was not recorded whole."
    assert said[1].startswith("Not checked: this app knows the rule, but does not compute it")


def test_a_gradient_that_a_hook_changed_is_checked_as_it_was_before():
    program = "import torch\nx = torch.randn(3, requires_grad=True)\ny = x.exp()\n"
    program += "y.grad_fn.register_hook(lambda sent, came: (sent[0] * 2,))\ny.sum().backward()\n"
    said = explained(Timeline(record_source(program)), "ExpBackward0").sentences
    assert "The hook <lambda> changed what went out, line 4." in said
    assert said[-1].startswith("Checked: ")
    assert said[-1].endswith(", before a hook changed what went out.")


def test_where_nan_and_infinity_came_from_is_told():
    program = (
        "import torch\nx = torch.tensor([0.0, 4.0], requires_grad=True)\n"
        "y = torch.where(x > 0, x.sqrt(), torch.zeros(2)).sum()\ny = y + (x * x).sqrt().sum() + x.log().sum()\n"
        "y = y + (x.exp() / x).sum()\ny.backward()\n"
    )
    timeline = Timeline(record_source(program))
    said = {
        (name, which): [each for each in explained(timeline, name, which=which).sentences if "comes up" in each]
        for name, which in (("SqrtBackward0", 0), ("SqrtBackward0", 1), ("MulBackward0", 0), ("ExpBackward0", 0))
    }
    finite, infinite = (
        "what arrived is finite, but a slope is",
        "what arrived is infinite, and zero times infinity is NaN",
    )
    assert [each and each[0].split(": ")[1].startswith((finite, infinite)) for each in said.values()][:3] == [True] * 3
    assert [each and each[0].split(": ")[0] for each in said.values()] == [
        "NaN comes up here",
        "Inf comes up here",
        "NaN comes up here",
        [],
    ]
    made = "In the forward pass log gave Inf, of numbers that were all finite."
    assert made in explained(timeline, "LogBackward0").sentences


def test_a_write_that_autograd_did_not_notice_is_told_where_the_numbers_are_wrong():
    program = (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.sigmoid()\ny.data.zero_()\nz = x.exp()\n"
        "(y.sum() + z.sum()).backward()\n"
    )
    timeline = Timeline(record_source(program))
    told = "y held other numbers by line 6: it was written on behind autograd's back (.data, NumPy)."
    assert explained(timeline, "SigmoidBackward0").sentences[-1] == told
    assert told not in explained(timeline, "ExpBackward0").sentences


def test_who_sent_no_gradient_is_named_and_not_said_to_be_unused():
    program = (
        "import torch\nclass Silent(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, t):\n"
        "        return t.clone()\n    @staticmethod\n    def backward(ctx, g):\n        g * 2\n"
        "x = torch.ones(3, requires_grad=True)\nSilent.apply(x.exp()).sum().backward()\n"
    )
    timeline = Timeline(record_source(program))
    lost = "No gradient arrived: SilentBackward was given one and sent None, "
    assert lost + "so it counts as 0." in explained(timeline, "ExpBackward0").sentences
    assert lost + "and nothing is added to .grad." in explained(timeline, "AccumulateGrad").sentences


def test_what_torch_has_written_in_another_language_is_no_function_of_the_programs():
    program = "import torch\nx = torch.ones(2, requires_grad=True)\ny = torch._C._functions.UndefinedGrad()(x * 2)\n"
    timeline = Timeline(record_source(program + "y.sum().backward()\n"))
    assert "This app has no rule for this node" in explained(timeline, "UndefinedGradBackward").sentences[0]
