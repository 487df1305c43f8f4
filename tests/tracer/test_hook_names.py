"""A gradient that a hook changed names the function that the user wrote, however torch comes to call it."""

from __future__ import annotations

from graphviz_app.recording import events as ev
from tests.support_record import record_source

PROGRAM = """
import functools
import torch

model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))

def scale_module(module, grad_input, grad_output):
    return tuple(None if g is None else g * 0.5 for g in grad_input)

def before_module(module, grad_output):
    return tuple(g * 3 for g in grad_output)

def times(factor, grad):
    return grad * factor

class Doubler:
    def __call__(self, grad):
        return grad * 2

    def method(self, grad):
        return grad + 1

model[1].register_full_backward_hook(scale_module)
model[1].register_full_backward_pre_hook(before_module)
model[0].weight.register_hook(functools.partial(times, 10))
model[0].bias.register_hook(Doubler())
model[2].weight.register_hook(Doubler().method)
torch.manual_seed(0)
model(torch.randn(4, 2)).sum().backward()
"""


def test_hooks_are_named_as_the_user_wrote_them():
    recording = record_source(PROGRAM)
    events = [*recording.events()]
    found = {change.hook: change for event in events if isinstance(event, ev.NodeCalled) for change in event.hooks}
    assert set(found) == {"scale_module", "before_module", "times", "Doubler", "Doubler.method"}
    lines = PROGRAM.splitlines()
    for name in ("scale_module", "before_module", "times"):
        assert lines[found[name].span.line - 1].startswith(f"def {name}(")
    # An object has no line of its own: where it was registered.
    assert lines[found["Doubler"].span.line - 1] == "model[0].bias.register_hook(Doubler())"
