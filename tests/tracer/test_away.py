"""Tensors on other devices: each node waits for its device once at most, and what is read is what lay there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.tracer.away import Away
from graphviz_app.tracer.tracer import Tracer
from graphviz_app.tracer.unread import without_class

PROGRAM = Path(__file__).parents[1] / "programs" / "python_device.py"
# The program's device is one whose tensors are left alone; here it stands in for one of torch's own.
SCRIPT = """
import json, os, runpy, sys
from unittest import mock
import torch
from graphviz_app.recording.values import elements
from graphviz_app.tracer.away import Away
from graphviz_app.tracer.tracer import Tracer

seen, waits, values = [], [], []

def sink(batch):
    values.extend(batch.values)
    seen.extend(batch.events)

tracer = Tracer(sink)
core = tracer.core
core.values.away = Away(
    lambda tensor: torch.from_numpy(tensor.array.copy()), lambda device: waits.append(len(core.log._events) + len(seen))
)
with mock.patch("graphviz_app.tracer.values.why_unread", lambda tensor: ""), \\
        mock.patch("graphviz_app.tracer.away.why_unread", lambda tensor: ""):
    tracer.start()
    runpy.run_path(sys.argv[1])
    tracer.stop()
calls = [at for at, event in enumerate(seen) if type(event).__name__ == "NodeCalled"]
between = [sum(1 for wait in waits if start < wait <= end) for start, end in zip(calls, calls[1:])]
grads = [event.after for event in seen if type(event).__name__ == "GradAccumulated"]
far = [value for value in values if value.device.startswith("far")]
print(json.dumps({
    "between": between, "unread": [value.note for value in far if value.data is None],
    "grads": [elements(values[number]).tolist() for number in grads],
}), flush=True)
# The device's own thread aborts torch 2.14 at its end, also where nobody records.
os._exit(0)
"""


def test_a_node_waits_for_its_device_once_at_most():
    if not hasattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend"):
        pytest.skip("this torch lets nobody write a device in Python")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(PROGRAM)], capture_output=True, text=True, check=True, timeout=120
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["grads"] == [[[3.0, 3.0], [3.0, 3.0]], [[0.0, 1.0], [2.0, 3.0]]]
    assert told["unread"] == []
    # sum, mul (which sends two gradients), and the two leaves.
    assert len(told["between"]) == 3
    assert max(told["between"]) == 1


class Counted:
    def __init__(self):
        self.copied, self.waited = [], []
        self.away = Away(self.start_copy, self.waited.append)

    def start_copy(self, tensor):
        self.copied.append(tensor)
        return torch.zeros(tensor.shape)


@pytest.fixture
def meta_is_read(monkeypatch):
    """Tensors of the meta device stand in for such of a device that is far away."""
    monkeypatch.setattr("graphviz_app.tracer.away.why_untouchable", lambda _: "")


@pytest.mark.usefixtures("meta_is_read")
def test_what_is_fetched_together_is_waited_for_once():
    counted = Counted()
    one, other = torch.empty(2, device="meta"), torch.empty(3, device="meta")
    counted.away.fetch([one, other, one, torch.ones(2)])
    assert counted.away.copy_of(one, one).shape == (2,)
    assert counted.away.copy_of(other, other).shape == (3,)
    assert len(counted.copied) == 2
    assert counted.waited == [torch.device("meta")]


@pytest.mark.usefixtures("meta_is_read")
def test_a_copy_is_not_used_once_its_tensor_may_have_been_written_on():
    counted = Counted()
    tensor = torch.empty(2, device="meta")
    counted.away.fetch([tensor])
    counted.away.forget()
    counted.away.copy_of(tensor, tensor)
    assert len(counted.copied) == len(counted.waited) == 2


def test_what_has_no_elements_to_read_is_not_fetched():
    counted = Counted()
    with FakeTensorMode():
        fake = torch.empty(2, device="cuda")
    counted.away.fetch([torch.empty(2, device="meta"), fake, torch.empty(0, device="meta").expand(3, 0)])
    assert not counted.copied
    assert not counted.waited


@pytest.mark.usefixtures("meta_is_read")
def test_properties_of_a_class_are_not_asked(monkeypatch):
    monkeypatch.setattr("graphviz_app.tracer.unread._OF_TORCH", {"meta"})
    heard = []

    class Asked(torch.Tensor):
        def hear(self, name):
            heard.append(name)
            return getattr(torch.Tensor, name).__get__(self)

    for name in ("shape", "dtype", "device", "layout", "is_cpu", "is_cuda", "is_quantized"):
        setattr(Asked, name, property(lambda self, name=name: self.hear(name)))

    counted = Counted()
    tensor = torch.empty(2, 3, device="meta").as_subclass(Asked)
    with torch._C.DisableTorchFunction():
        counted.away.fetch([tensor])
        assert counted.away.copy_of(without_class(tensor), tensor).shape == (2, 3)
    assert len(counted.copied) == 1
    assert not heard


def test_tensors_on_the_cpu_cost_nothing():
    counted = Counted()
    counted.away.fetch([torch.ones(2), torch.ones(3).to_sparse()])
    assert not counted.copied
    assert not counted.away.is_used


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_gradients_on_cuda_are_recorded_bit_for_bit():
    batches = []
    tracer = Tracer(batches.append)
    tracer.start()
    x = torch.arange(4.0, device="cuda", requires_grad=True)
    (x * x).sum().backward()
    expected = x.grad.cpu()
    tracer.stop()
    values = [value for batch in batches for value in batch.values]
    after = [event.after for batch in batches for event in batch.events if isinstance(event, ev.GradAccumulated)]
    assert elements(values[after[-1]]).tolist() == expected.tolist()
