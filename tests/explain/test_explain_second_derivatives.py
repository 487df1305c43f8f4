"""Nodes that a pass made of its own gradients (`create_graph`) are explained and checked as well."""

import pytest

from graphviz_app.explain.call import Call
from graphviz_app.explain.checks import check_call
from graphviz_app.explain.replayed import MOST_IN_ALL, MOST_NODES, Replayed
from graphviz_app.explain.rules import rule_of
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.explain.support_rules import assert_no_other_agrees, assert_rule_agrees, each_case, record_cases
from tests.support_record import record_source

SETUP = """\
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(0)
def L(*shape):
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()
def twice(function, *leaves):
    out = function(*leaves)
    seed = torch.randn_like(out).requires_grad_()
    grads = torch.autograd.grad(out, leaves, seed, create_graph=True)
    grads = [g for g in grads if g.requires_grad]
    torch.autograd.backward(grads, [torch.randn_like(g) for g in grads])
def penalty(network, x):
    grad, = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    ((grad.flatten(1).norm(2, dim=1) - 1) ** 2).mean().backward()
image, labels = L(2, 2, 4, 4), torch.tensor([0, 2])
"""

CASES = {
    "SigmoidBackwardBackward0": ["twice(torch.sigmoid, L(2, 3))"],
    "TanhBackwardBackward0": ["twice(torch.tanh, L(2, 3))"],
    "ThresholdBackwardBackward0": ["twice(torch.relu, L(2, 3))"],
    "LeakyReluBackwardBackward0": ["twice(lambda x: F.leaky_relu(x, 0.3), L(2, 3))"],
    "EluBackwardBackward0": ["twice(lambda x: F.elu(x, 0.4), L(2, 3))"],
    "GeluBackwardBackward0": ["twice(F.gelu, L(2, 3))", "twice(lambda x: F.gelu(x, approximate='tanh'), L(2, 3))"],
    "SoftplusBackwardBackward0": ["twice(lambda x: F.softplus(x, 2), L(2, 3))"],
    "LogSigmoidBackwardBackward0": ["twice(F.logsigmoid, L(2, 3))"],
    "HardtanhBackwardBackward0": ["twice(F.hardtanh, L(2, 3))"],
    "HardswishBackwardBackward0": ["twice(lambda x: F.hardswish(x), L(2, 3))"],
    "PreluKernelBackwardBackward0": ["twice(F.prelu, L(2, 3), L(3))"],
    "SoftmaxBackwardDataBackward0": ["twice(lambda x: x.softmax(1), L(2, 3))"],
    "LogSoftmaxBackwardDataBackward0": ["twice(lambda x: x.log_softmax(1), L(2, 3))"],
    "MseLossBackwardBackward0": ["twice(F.mse_loss, L(2, 3), L(2, 3))"],
    "SmoothL1LossBackwardBackward0": ["twice(lambda x, t: F.smooth_l1_loss(x, t, beta=0.7), L(2, 3), L(2, 3))"],
    "HuberLossBackwardBackward0": ["twice(lambda x, t: F.huber_loss(x, t, delta=0.7), L(2, 3), L(2, 3))"],
    "BinaryCrossEntropyBackwardBackward0": [
        "twice(lambda x: F.binary_cross_entropy(x.sigmoid(), torch.full_like(x, 0.3)), L(2, 3))"
    ],
    "NllLossBackwardBackward0": ["twice(lambda x: F.nll_loss(x, labels), L(2, 3))"],
    "ConvolutionBackwardBackward0": [
        "twice(lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1), image, L(3, 2, 3, 3), L(3))",
        "twice(lambda x, w: F.conv_transpose2d(x, w, stride=2, groups=2), image, L(2, 2, 2, 2))",
    ],
    "AvgPool2DBackwardBackward0": ["twice(lambda x: F.avg_pool2d(x, 2), image)"],
    "AdaptiveAvgPool2DBackwardBackward0": ["twice(lambda x: F.adaptive_avg_pool2d(x, 3), image)"],
    "MaxPool2DWithIndicesBackwardBackward0": ["twice(lambda x: F.max_pool2d(x, 2), image)"],
    "UpsampleBilinear2DBackwardBackward0": [
        "twice(lambda x: F.interpolate(x, scale_factor=2, mode='bilinear'), image)"
    ],
    "NativeLayerNormBackwardBackward0": ["twice(lambda x, w, b: F.layer_norm(x, (4,), w, b), L(2, 3, 4), L(4), L(4))"],
    "NativeBatchNormBackwardBackward0": [
        "twice(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), L(4, 3, 2), L(3), L(3))",
    ],
    "EmbeddingDenseBackwardBackward0": ["twice(lambda w: F.embedding(labels, w, padding_idx=2), L(4, 3))"],
    "SelectBackwardBackward0": ["twice(lambda x: x[:, 1], L(2, 3))"],
    "SliceBackwardBackward0": ["twice(lambda x: x[:, 1:], L(2, 3))"],
    # Nodes of the usual kinds, which were made of gradients.
    "MmBackward0": ["penalty(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double(), L(5, 3))"],
    "MulBackward0": ["twice(lambda x, y: x * x * y, L(2, 3), L(2, 3))"],
    "DivBackward0": ["twice(lambda x, y: x / y, L(2, 3), L(2, 3))"],
    "LinalgVectorNormBackward0": [
        "penalty(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double(), L(5, 3))"
    ],
    "TBackward0": ["penalty(nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 1)).double(), L(5, 3))"],
}


@pytest.fixture(scope="module")
def found():
    recording, calls = record_cases(SETUP, CASES)
    yield recording, calls
    recording.close()


@pytest.mark.parametrize(("name", "case"), each_case(CASES))
def test_a_second_derivative_is_what_its_rule_says(found, name, case):
    assert_rule_agrees(found, name, case)


def test_no_other_second_derivative_is_what_a_rule_says(found):
    assert_no_other_agrees(found)


def test_a_second_derivatives_formula_tells_it_from_the_first():
    first, second = rule_of("TanhBackward0"), rule_of("TanhBackwardBackward0")
    assert first is not second
    assert "g_1" in second.formula


def test_what_is_tried_for_one_gradient_has_an_end(monkeypatch):
    program = SETUP + "torch.manual_seed(1)\nrnn = nn.GRU(2, 2).double()\ntwice(lambda x: rnn(x)[0], L(10, 1, 2))\n"
    recording = record_source(program)
    timeline, counted, forward = Timeline(recording), [], Replayed.forward
    monkeypatch.setattr(Replayed, "forward", lambda *given: counted.append(1) or forward(*given))
    calls = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    calls = [event for event in calls if "BackwardBackward" in recording.index.nodes.name(event.node)]
    most = 0
    for event in calls[5::12]:
        counted.clear()
        checks = check_call(Call(timeline, event.node, event))
        most = max(most, len(counted) / max(len(checks), 1))
    recording.close()
    assert MOST_NODES < most < MOST_IN_ALL + 2 * MOST_NODES
