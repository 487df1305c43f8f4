"""What became of leaves is told line by line: after each line the ledger says what PyTorch had there."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from tests.support_trace import trace_source

HEAD = """import torch
p, q = torch.ones(2, requires_grad=True), torch.full((2,), 2.0, requires_grad=True)
adam = torch.optim.Adam([p, q], lr=0.1)
fused = torch.optim.Adam([p, q], lr=0.1, fused=True)
plain = torch.optim.SGD([p, q], lr=0.1, momentum=0.9, foreach=True)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
(p * q).sum().backward()
"""
STATEMENTS = [
    "(p * q * 3).sum().backward()",
    "p.grad = None",
    "del p.grad; q.grad = None",
    "p.grad = torch.full((2,), 5.0)",
    "p.grad = p.detach() + 1",
    "if p.grad is not None: p.grad.zero_()",
    "if p.grad is not None: p.grad *= 2",
    "if p.grad is not None: p.grad.data.clamp_(max=2)",
    "if p.grad is not None: p.grad.detach().add_(1)",
    "if p.grad is not None: p.grad[0] = 7",
    "if p.grad is not None and q.grad is not None: torch._foreach_mul_([p.grad, q.grad], 2)",
    "if q.grad is not None: q.grad.copy_(q)",
    "torch.nn.utils.clip_grad_norm_([p, q], 0.5)",
    "if p.grad is not None: torch.nn.utils.clip_grad_value_([p, q], 0.5)",
    "adam.step()",
    "fused.step()",
    "plain.step()",
    "adam.zero_grad()",
    "adam.zero_grad(set_to_none=False)",
    "if p.grad is not None: scaler.scale(p.sum()); scaler.unscale_(adam); scaler.update(4.0)",
    "p.data = p.data * 2",
    "p.data.sub_(0.5)",
    "p.data -= 0.5",
    "p.data[1] = 3",
    "p.detach().add_(1)",
    "with torch.no_grad(): p[0] = 3",
    "with torch.no_grad(): p -= 0.1",
    "with torch.no_grad(): q.copy_(p)",
    "with torch.no_grad(): torch.add(p, 1, out=q)",
    "with torch.no_grad(): p.view(2)[1:].mul_(2)",
    "torch.utils.swap_tensors(p, q)",
    "torch.nn.init.constant_(p, 4.0)",
    "torch.nn.utils.vector_to_parameters(torch.arange(4.0), [p, q])",
    "for _ in range(2): p.data.add_(1)",
    "x = (p * 2).sum()",
    "pass",
]


def truth(source):
    """What `p`, `q` and their `.grad` are after each line, without us."""
    names, found = {}, {}
    lines = source.splitlines()
    for number, line in enumerate(lines, start=1):
        exec(compile(line, "plain", "exec"), names)  # noqa: S102 - the program
        if "p" in names:
            found[number] = {}
            for name in "pq":
                tensor = names[name]
                found[number][name] = tensor.tolist()
                found[number][f"{name}.grad"] = None if tensor.grad is None else tensor.grad.tolist()
    return found


def told(recording, last):
    """What the recording says of the same: every change at the line at which it is said to have happened."""
    events = [*recording.events()]
    assert not [event.text for event in events if isinstance(event, ev.Notice)]
    names = {event.leaf: event.name for event in events if isinstance(event, ev.LeafFound)}
    lines = {event.pass_id: event.span.line for event in events if isinstance(event, ev.BackwardStarted)}
    changes = []
    for event in events:
        if isinstance(event, ev.LeafFound) and event.value != ev.NONE:
            changes.append((changes[-1][0] if changes else 0, names[event.leaf], event.value))
        elif isinstance(event, ev.LeafUpdated):
            changes.append((event.span.line, names[event.leaf], event.after))
        elif isinstance(event, ev.GradWritten | ev.GradCleared):
            changes.append((event.span.line, f"{names[event.leaf]}.grad", event.after))
        elif isinstance(event, ev.GradAccumulated):
            changes.append((lines[event.pass_id], f"{names[event.leaf]}.grad", event.after))
    assert [line for line, _, _ in changes] == sorted(line for line, _, _ in changes)
    now = {"p": None, "q": None, "p.grad": None, "q.grad": None}
    found = {}
    for number in range(last + 1):
        for line, name, value in changes:
            if line == number:
                now[name] = None if value == ev.NONE else elements(recording.value(value)).tolist()
        found[number] = dict(now)
    return found


@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_after_every_line_the_ledger_says_what_torch_has(tmp_path_factory, statements):
    source = HEAD + "\n".join(statements) + "\n"
    expected = truth(source)
    found = told(trace_source(source, tmp_path_factory.mktemp("run") / "program.py"), len(source.splitlines()))
    # From the first pass on: until then no leaf has been met.
    for number in range(len(HEAD.splitlines()), len(source.splitlines()) + 1):
        assert found[number] == expected[number], f"after line {number}:\n{source}"


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_between_two_passes(statement, tmp_path):
    source = HEAD + f"p.data.mul_(1.5)\n{statement}\n(p * q).sum().backward()\n"
    expected = truth(source)
    found = told(trace_source(source, tmp_path / "program.py"), len(source.splitlines()))
    for number in range(len(HEAD.splitlines()), len(source.splitlines()) + 1):
        assert found[number] == expected[number], f"after line {number}"


@pytest.mark.parametrize(
    "statement",
    [
        "p.data[1] = 3",
        "p.detach().add_(1)",
        "with torch.no_grad(): p -= 0.1",
        "with torch.no_grad(): q.mul_(3)",
        "q.data.sub_(0.5)",
        "plain.step()",
        "fused.step()",
        "p.grad.zero_()",
        "q.grad[1:].mul_(2)",
    ],
)
def test_a_write_on_one_of_two_leaves_that_share_memory_is_told_of_both(statement, tmp_path):
    made = "p = torch.ones(2, requires_grad=True); q = p.detach().requires_grad_()"
    source = "\n".join(["import torch", made, *HEAD.splitlines()[2:], "p.grad = q.grad", statement]) + "\n"
    expected = truth(source)
    found = told(trace_source(source, tmp_path / "program.py"), len(source.splitlines()))
    assert expected[9] != expected[8]
    assert found[9] == expected[9]


def test_what_the_program_wrote_in_a_loop_is_told_each_time(tmp_path):
    recording = trace_source(HEAD + "for _ in range(3): p.data.add_(1)\n", tmp_path / "program.py")
    events = [*recording.events()]
    updates = [event for event in events if isinstance(event, ev.LeafUpdated)]
    assert [elements(recording.value(event.after)).tolist() for event in updates] == [
        [2.0, 2.0],
        [3.0, 3.0],
        [4.0, 4.0],
    ]


def test_several_writes_of_one_library_call_are_one_update(tmp_path):
    source = HEAD + "torch.optim.AdamW([p, q], lr=0.1, weight_decay=0.5, foreach=False).step()\n"
    recording = trace_source(source, tmp_path / "program.py")
    events = [*recording.events()]
    assert len([event for event in events if isinstance(event, ev.LeafUpdated)]) == 2


def test_what_a_library_call_changes_and_changes_back_is_nothing(tmp_path):
    source = HEAD + "torch.autograd.gradcheck(torch.sin, [torch.rand(2, dtype=torch.double, requires_grad=True)])\n"
    recording = trace_source(source, tmp_path / "program.py")
    events = [*recording.events()]
    updates = [event for event in events if isinstance(event, ev.LeafUpdated)]
    assert all(recording.value(event.before).data != recording.value(event.after).data for event in updates)


def optimizers():
    """Every optimizer of torch's, in every way in which it can be had here."""
    for name, kind in vars(torch.optim).items():
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer:
            for way in ("", "foreach=False", "foreach=True", "fused=True"):
                try:
                    made = f"torch.optim.{name}([p, q], {way})"
                    tensors = {name: torch.ones(2, requires_grad=True) for name in "pq"}
                    eval(made, {"torch": torch, **tensors})  # noqa: S307 - our own words
                except (TypeError, ValueError, RuntimeError):
                    continue
                if name not in ("LBFGS", "SparseAdam"):
                    yield made


@pytest.mark.parametrize("made", list(optimizers()))
def test_every_optimizer_s_updates_are_told_at_its_step(made, tmp_path):
    source = HEAD + f"optimizer = {made}\n" + "optimizer.step()\noptimizer.zero_grad()\n(p * q).sum().backward()\n" * 2
    expected = truth(source)
    lines = source.splitlines()
    steps = [number for number, line in enumerate(lines, start=1) if line == "optimizer.step()"]
    assert all(expected[number]["p"] != expected[number - 1]["p"] for number in steps)
    found = told(trace_source(source, tmp_path / "program.py"), len(lines))
    for number in range(len(HEAD.splitlines()), len(lines) + 1):
        assert found[number] == expected[number], f"after line {number}"


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("p.grad, q.grad = None, q.grad * 2", ["p.grad = None", "q.grad = q.grad * 2"]),
        ("(p.grad, [q.grad]) = p.grad * 3, [None]", ["p.grad = p.grad * 3", "q.grad = None"]),
        ("p.grad, q.grad = [None] * 2", ["p.grad, q.grad = [None] * 2"] * 2),
        ("p.grad: None = None", ["p.grad = None"]),
        ("del p.grad, q.grad", ["del p.grad", "del q.grad"]),
    ],
)
def test_a_grad_that_is_set_is_told_with_what_it_is_set_to(statement, how, tmp_path):
    events = trace_source(f"{HEAD}{statement}\n", tmp_path / "program.py").events()
    assert [event.how for event in events if isinstance(event, ev.GradCleared | ev.GradWritten)] == how


def test_what_hooks_write_within_a_pass_that_is_not_recorded_is_told_at_its_line(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
y = w * 2
y.register_hook(lambda grad: w.data.add_(1) is None or None)
torch.autograd.grad(y, w, torch.eye(2), is_grads_batched=True)
z = w * 3
"""
    recording = trace_source(source, tmp_path / "program.py")
    updates = [event for event in recording.events() if isinstance(event, ev.LeafUpdated)]
    assert [(event.span.line, elements(recording.value(event.after)).tolist()) for event in updates] == [(5, [2, 2])]


def test_what_a_hook_that_is_put_on_a_leaf_during_a_pass_does_with_its_grad_comes_after_it(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
def step(tensor):
    with torch.no_grad(): tensor.sub_(tensor.grad)
    tensor.grad = None
y = w * 2
y.register_hook(lambda grad: w.register_post_accumulate_grad_hook(step) and None)
(y + w).sum().backward()
"""
    recording = trace_source(source, tmp_path / "program.py")
    told = [event for event in recording.events() if isinstance(event, ev.NodeCalled) or hasattr(event, "before")]
    assert [type(event) for event in told[-4:]] == [ev.NodeCalled, ev.GradAccumulated, ev.LeafUpdated, ev.GradCleared]
    assert [elements(recording.value(told[-3].after)).tolist(), told[-1].before] == [[3, 3], told[-3].after]


def test_a_pass_within_one_of_the_same_leaf_hides_nothing_of_what_is_added_to_it(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
y, z = w * 2, (w * 3).sum()
w.register_post_accumulate_grad_hook(lambda tensor: None)
y.register_hook(lambda grad: torch.autograd.grad(z, w) and None)
y.sum().backward()
"""
    recording = trace_source(source, tmp_path / "program.py")
    told = [event for event in recording.events() if isinstance(event, ev.GradAccumulated | ev.GradWritten)]
    assert [type(event) for event in told] == [ev.GradAccumulated]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("p.grad.zero_()", ev.GradCleared),
        ("p.grad.data.zero_()", ev.GradCleared),
        ("p.grad.mul_(0.5)", ev.GradWritten),
        ("p.grad[0].fill_(7)", ev.GradWritten),
        ("adam.zero_grad(set_to_none=False)", ev.GradCleared),
        ("torch.nn.utils.clip_grad_norm_([p], 0.5)", ev.GradWritten),
    ],
)
def test_what_is_written_on_a_grad_in_place_is_told_once(statement, kind, tmp_path):
    recording = trace_source(f"{HEAD}{statement}\nz = p.detach().clone()\nz.mul_(2)\n", tmp_path / "program.py")
    told = [
        event for event in recording.events() if isinstance(event, ev.TensorMutated | ev.GradCleared | ev.GradWritten)
    ]
    of_p = [type(event) for event in told if isinstance(event, ev.TensorMutated) or event.leaf == 0]
    assert of_p == [kind, ev.TensorMutated]


SCALED = """
adam.zero_grad()
scaler.scale((p * q).sum()).backward()
scaler.step({optimizer})
"""


@pytest.mark.parametrize("optimizer", ["adam", "plain"])
def test_what_a_scaler_does_with_a_grad_comes_before_the_optimizer_s_step(optimizer, tmp_path):
    recording = trace_source(HEAD + SCALED.format(optimizer=optimizer), tmp_path / "program.py")
    line = HEAD.count("\n") + 4
    events = [event for event in recording.events() if getattr(event, "span", None) and event.span.line == line]
    told = [event.name if isinstance(event, ev.OperationRan) else type(event) for event in events]
    unscaled = told.index("torch._amp_foreach_non_finite_check_and_unscale_")
    written = next(at for at, event in enumerate(events) if isinstance(event, ev.TensorMutated))
    assert told.count(ev.GradWritten) == 2
    assert all(unscaled < at < written for at, what in enumerate(told) if what is ev.GradWritten)
    assert told.count(ev.LeafUpdated) == 2


@pytest.mark.parametrize("after", ["y = w * 3", "loss.backward()"])
@pytest.mark.parametrize("write", ["with torch.no_grad(): w.set_(torch.zeros(2))", "w.detach().numpy()[:] = 0"])
def test_what_torch_does_not_see_written_is_told_before_what_comes_next_and_of_no_line(write, after, tmp_path):
    source = (
        "import torch\nw, v = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)\n"
        f"loss = (w.sum() + v.sum())\n{write}\n{after}\n"
    )
    recording = trace_source(source, tmp_path / "program.py")
    events = [recording.event(number) for number in range(len(recording))]
    updates = [number for number, event in enumerate(events) if isinstance(event, ev.LeafUpdated)]
    later = [number for number, event in enumerate(events) if (span := getattr(event, "span", None)) and span.line == 5]
    assert len(updates) == 1
    assert updates[0] < min(later)
    update = events[updates[0]]
    assert (update.span, update.how) == (None, "something that torch does not see")
    assert elements(recording.value(update.after)).tolist() == [0, 0]
