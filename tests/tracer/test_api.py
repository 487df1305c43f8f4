from __future__ import annotations

import linecache

import pytest
import torch

from graphviz_app.api import record
from graphviz_app.recording import Recording, RecordingError
from graphviz_app.recording import events as ev


def events_of(recording, kind):
    every = (recording.event(number) for number in range(len(recording.index.events)))
    return [event for event in every if isinstance(event, kind)]


def test_a_block_is_recorded_with_lines_and_names():
    weights = torch.ones(4, requires_grad=True)
    with record() as run:
        for _ in range(2):
            loss = (weights * 3).sum()
            loss.backward()
    assert [leaf.name for leaf in run.recording.index.leaves] == ["weights"]
    assert [entry.kind for entry in run.ledger()] == ["accumulated", "accumulated"]
    started = events_of(run.recording, ev.BackwardStarted)
    assert {event.span.line for event in started} == {
        test_a_block_is_recorded_with_lines_and_names.__code__.co_firstlineno + 5
    }


def test_a_recording_is_saved_and_opened(tmp_path):
    x = torch.ones(2, requires_grad=True)
    with record() as run:
        (x * x).sum().backward()
    run.save(tmp_path / "run.agrec")
    with_file = Recording.open(tmp_path / "run.agrec")
    assert len(with_file.index.passes) == 1
    with_file.close()
    assert run.to_json()["format"] == "autograd-recording"


def test_an_exception_leaves_a_recording_up_to_there():
    x = torch.ones(2, requires_grad=True)
    run = record()

    def program():
        with run:
            (x * 2).sum().backward()
            return 1 / 0

    with pytest.raises(ZeroDivisionError):
        program()
    assert len(run.recording.index.passes) == 1
    assert [event.exception for event in events_of(run.recording, ev.Raised)] == ["ZeroDivisionError"]


def test_two_recordings_at_once_are_refused():
    with record(), pytest.raises(RecordingError, match="already"):
        record().__enter__()


def test_the_recording_is_not_there_before_the_block_ends():
    with record() as run, pytest.raises(RecordingError, match="ended"):
        _ = run.recording


def test_a_pass_that_starts_at_a_leaf_is_recorded_as_any_other():
    x = torch.ones(2, requires_grad=True)
    with record() as run:
        x.backward(torch.full((2,), 3.0))
        x.backward(torch.full((2,), 4.0))
    assert [entry.kind for entry in run.ledger()] == ["accumulated", "accumulated"]
    assert len(events_of(run.recording, ev.NodeCalled)) == 2
    assert x.grad.tolist() == [7.0, 7.0]


CELLS = [
    "import torch\nfrom graphviz_app import record\ndef twice(x):\n    return x * 2\n",
    "with record() as run:\n    twice(torch.ones(2, requires_grad=True)).sum().backward()\n",
]


def test_functions_of_other_cells_of_a_session_are_the_users_too(monkeypatch):
    session = {}
    for number, text in enumerate(CELLS):
        name = f"<ipython-input-{number}-0a1b2c>"
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name))
        exec(compile(text, name, "exec"), session)  # noqa: S102 - the program
    (product,) = [each for each in session["run"].recording.events() if getattr(each, "name", "") == "torch.Tensor.mul"]
    assert [(frame.function, frame.span.line) for frame in product.stack] == [("<module>", 2), ("twice", 4)]
