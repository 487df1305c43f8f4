"""Errors are explained in one sentence; the messages are those that torch and Python really raise."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.explain.errors import explain_error, explain_pass_error
from graphviz_app.recording import events as ev
from tests.support_trace import trace_source

SETUP = """
import torch, torch.nn.functional as F
from torch import nn
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
"""

FUNCTION = """class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, g): return {}
"""

PROGRAMS = {
    "a vector has no implicit gradient": ("(x * 2).backward()", "single number to start from"),
    "backward twice": ("y = (x * x).sum(); y.backward(); y.backward()", "retain_graph=True"),
    "a state that was not cut off": (
        "h = x\nfor _ in range(2): h = torch.tanh(h * x); h.sum().backward()",
        r"hidden state.*\.detach\(\)",
    ),
    "a hook that returns": (
        "x.register_post_accumulate_grad_hook(lambda p: p.grad.mul_(2)); (x * 2).sum().backward()",
        "return nothing",
    ),
    "no graph behind a choice": ("x.argmax().float().backward()", r"an integer result such as argmax\(\)"),
    "no graph": ("torch.ones(3).sum().backward()", "no graph behind"),
    "overwritten in place": (
        "y = x.exp(); z = y.sum(); y += 1; z.backward()",
        r"shape \[3\].*version 1 instead of 0",
    ),
    "leaf in place": ("x += 1", r"with torch.no_grad\(\)"),
    "view of a leaf in place": ("x[0] = 1", r"with torch.no_grad\(\)"),
    "one of several views in place": ("a, b = (x * 1).unbind()[:2]; a += 1", "shares its memory"),
    "not used": ("torch.autograd.grad(x.sum(), torch.ones(1, requires_grad=True))", "allow_unused=True"),
    "seed of another shape": ("(x * 2).backward(torch.ones(2))", r"shape \[2\].*\[3\]"),
    "integers need no gradient": ("torch.tensor([1, 2], requires_grad=True)", r"\.float\(\)"),
    "flag of a result": ("(x * 2).requires_grad_(False)", r"\.detach\(\)"),
    "numpy": ("x.numpy()", r"x\.detach\(\)\.numpy\(\)"),
    "inference tensor": ("with torch.inference_mode(): t = torch.ones(3)\n(x * t).sum().backward()", "inference_mode"),
    "non-leaf in an optimizer": ("torch.optim.SGD([x * 2], lr=1)", "only move leaves"),
    "empty optimizer": ("torch.optim.SGD([], lr=1)", "no parameters"),
    "a tensor in an optimizer": ("torch.optim.SGD(x, lr=1)", r"write \[x\]"),
    "gradient of a gradient": ("torch.autograd.grad((x ** 3).sum(), x)[0].sum().backward()", "create_graph=True"),
    "a .grad of another shape": ("x.grad = torch.ones(2)", r"its tensor, \[3\], and this one has \[2\]"),
    "too many gradients": (
        FUNCTION.format("g, g") + "F.apply(x).sum().backward()",
        r"backward\(\) of F must.*here 1, and it returned 2",
    ),
    "a gradient of another shape": (
        FUNCTION.format("g[:2]") + "F.apply(x).sum().backward()",
        r"that F returned has.*\[2\].*\[3\]",
    ),
    "a Function that is an object": (
        FUNCTION.replace("@staticmethod", "") + "import warnings; warnings.simplefilter('ignore'); F()(x)",
        r"@staticmethod forward\(ctx",
    ),
    "a hook of another shape": (
        "y = x * 1; y.register_hook(lambda g: g[:2]); y.sum().backward()",
        "<lambda> returned one of another shape",
    ),
    "deepcopy": ("import copy; copy.deepcopy(x * 2)", "Only leaves can be deep-copied"),
    "elementwise sizes": ("x + torch.ones(4)", "dimension 0 one has 3 and the other 4"),
    "matrix sizes": ("torch.ones(2, 3) @ torch.ones(4, 5)", "3 meets 4"),
    "matrix times vector": ("torch.ones(2, 3) @ torch.ones(4)", "print the shape of each"),
    "dot": ("torch.dot(torch.ones(3), torch.ones(4))", "print the shape of each"),
    "reshape": ("torch.ones(6).reshape(4, 2)", "6 elements cannot take the shape"),
    "view": ("torch.ones(2, 3).t().view(6)", r"use reshape\(\)"),
    "expand": ("x.expand(4)", r"has 3, not 4"),
    "in place broadcast": ("torch.ones(3).add_(torch.ones(2, 3))", r"\[2, 3\]"),
    "stack": ("torch.stack([torch.ones(2), torch.ones(3)])", "different shapes"),
    "cat": ("torch.cat([torch.ones(2, 2), torch.ones(3, 3)])", "different shapes"),
    "dimension": ("x.sum(dim=2)", "numbered -1 to 0"),
    "index": ("x[5]", "it has 3 elements"),
    "embedding": ("nn.Embedding(3, 2)(torch.tensor([7]))", "num_embeddings"),
    "class number": ("F.cross_entropy(torch.ones(1, 3), torch.tensor([5]))", "class number 5"),
    "targets": ("F.cross_entropy(torch.ones(2, 3), torch.ones(2, 3, dtype=torch.long))", "targets do not fit"),
    "batch": ("F.cross_entropy(torch.ones(2, 3), torch.tensor([1]))", "targets do not fit"),
    "channels": ("nn.Conv2d(3, 1, 1)(torch.ones(1, 1, 4, 4))", "takes 3 channels"),
    "scalar": ("float(x.detach())", "single element"),
    "truth": ("bool(x > 1)", r"\.all\(\) or \.any\(\)"),
    "dtype": ("torch.ones(2, 2) @ torch.ones(2, 2).double()", "different kinds of numbers"),
    "cast in place": ("torch.tensor([1]).mul_(0.5)", "Float cannot be written.*Long"),
    "embedding of floats": ("nn.Embedding(3, 2)(torch.ones(1))", r"\.long\(\)"),
    "float index": ("x[torch.tensor([1.0])]", r"\.long\(\)"),
    "mean of integers": ("torch.tensor([1, 2]).mean()", r"\.float\(\)"),
    "floats as class numbers": ("F.cross_entropy(torch.ones(2, 3), torch.ones(2))", r"\.long\(\)"),
    "probabilities": ("F.binary_cross_entropy(2 * x, torch.ones(3))", "put a sigmoid before it"),
    "None times a number": ("0.1 * x.grad", r"one side of \* is None.*run backward\(\) first.*Only leaves"),
    "no super": ("class N(nn.Module):\n  def __init__(self): self.l = nn.Linear(1, 1)\nN()", r"super\(\).__init__\(\)"),
    "no forward": ("class N(nn.Module): pass\nN()(x)", r"N has no forward\(\)"),
    "text and tensor": ("'loss ' + x.sum()", "separate what you print by commas"),
    "unpacking": ("a, b = x", "there are 2 names"),
    "None grad": ("x.grad.zero_()", r"run backward\(\) first.*Only leaves"),
    "no module": ("import no_such_module", "no module named no_such_module"),
    "no name in module": ("from torch import no_such_name", "torch has nothing named no_such_name"),
    "undefined": ("print(y)", "nothing named y"),
    "unbound": ("def f():\n  y = y + 1\nf()", "y is used in this function before"),
    "division": ("1 / 0", "divided by zero"),
    "recursion": ("def f(): f()\nf()", "calls itself too many times"),
    "no file": ("open('no such file')", "no file no such file"),
    "attribute": ("x.no_such", r"Tensor has no \.no_such"),
    "key": ("{}['a']", "no entry 'a'"),
    "missing argument": ("def f(a): pass\nf()", r"f\(\) was called without 'a'"),
    "too many arguments": ("def f(a): pass\nf(1, 2)", r"too many arguments \(2"),
    "syntax: bracket": ("f(1", "bracket"),
    "syntax: colon": ("if True\n  pass", "colon"),
    "syntax: indentation": ("if True:\npass", "indented further"),
    "syntax: dedent": ("  x = 1", "indented"),
    "syntax: anything": ("x = = 1", "Python cannot read this line"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_error_that_torch_or_python_raises_is_explained(name):
    program, expected = PROGRAMS[name]
    error = _error_of(program)
    sentence = explain_error(type(error).__name__, str(error))
    assert "The program stopped" not in sentence, (str(error), sentence)
    assert re.search(expected, sentence), (str(error), sentence)


def _error_of(program):
    names = {}
    exec(SETUP, names)  # noqa: S102 - our own programs
    try:
        exec(compile(program, "program.py", "exec"), names)  # noqa: S102
    except Exception as error:  # noqa: BLE001 - whatever it raises is the subject
        return error
    raise AssertionError("The program raised nothing.")


@pytest.mark.parametrize(
    ("type_name", "message"),
    [
        ("AssertionError", "Torch not compiled with CUDA enabled"),
        (
            "RuntimeError",
            "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        ),
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB."),
        ("EOFError", "EOF when reading a line"),
        ("RuntimeError", "Tensor on device cpu is not on the expected device meta!"),
        ("KeyboardInterrupt", ""),
        ("TabError", "inconsistent use of tabs and spaces in indentation"),
        ("RuntimeError", "Function 'LogBackward0' returned nan values in its 0th output."),
    ],
)
def test_an_error_that_cannot_be_provoked_here_is_explained_too(type_name, message):
    assert "The program stopped" not in explain_error(type_name, message)


def test_an_unknown_error_is_quoted():
    assert explain_error("OddError", "\n  it broke.\nmore") == "The program stopped with an OddError: it broke."
    assert explain_error("OddError", "It broke!") == "The program stopped with an OddError: It broke!"
    assert explain_error("Odd", "") == "The program stopped with an Odd."


@given(st.sampled_from(["RuntimeError", "SyntaxError", "KeyError", "Whatever"]), st.text(max_size=300))
def test_any_message_gives_one_line(type_name, message):
    sentence = explain_error(type_name, message)
    assert sentence
    assert "\n" not in sentence
    assert len(sentence) < 700


CAUGHT = """import torch
w = torch.ones(2, requires_grad=True)
def attempt(root):
    try:
        root.backward()
    except Exception:
        pass
loss = (w * w).sum()
loss.backward()
attempt(loss)
attempt(torch.ones(2).sum())
y = w * 2
def refuse(grad):
    raise LookupError("does not require grad and does not have a grad_fn")
y.register_hook(refuse)
attempt(y.sum())
"""


def test_the_error_of_a_pass_that_the_program_catches_is_explained_as_one_that_nobody_does(tmp_path):
    recording = trace_source(CAUGHT, tmp_path / "program.py")
    ends = [event for event in recording.events() if isinstance(event, ev.BackwardFinished)]
    told = [explain_pass_error(end) for end in ends]
    assert told[:1] == [""]
    assert told[1:3] == [explain_error("RuntimeError", end.error) for end in ends[1:3]]
    assert "retain_graph=True" in told[1]
    # What is the program's own is told in its words.
    assert told[3] == ends[3].error
    assert explain_pass_error(ev.BackwardFinished(0, ends[1].error)) == told[1]
