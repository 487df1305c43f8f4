"""Where thousands of leaves lie in one storage, a write on it concerns those alone on which it is."""

from __future__ import annotations

import random

import pytest
import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer import leaves
from graphviz_app.tracer.tracer import Tracer

MANY = 60


@pytest.fixture
def recorded(monkeypatch):
    """A running tracer's events, and how often elements of two tensors were asked whether they overlap."""
    events, asked = [], []
    monkeypatch.setattr(leaves, "overlap", lambda *both, ask=leaves.overlap: asked.append(both) or ask(*both))
    tracer = Tracer(lambda batch: events.extend(batch.events), is_memory_lent=False)
    tracer.start()
    try:
        yield tracer, events, asked
    finally:
        tracer.stop()


def told(tracer, events, kind):
    tracer.core.leaves.settle()
    tracer.core.log.flush()
    return [each.leaf for each in events if type(each) is kind]


def in_one_buffer(tracer):
    buffer = torch.zeros(MANY, 2)
    parameters = [torch.nn.Parameter(row) for row in buffer]
    sum(each.sum() for each in parameters)
    return buffer, parameters, [tracer.core.tensors.track(each).leaf.number for each in parameters]


def test_a_step_compares_each_parameter_of_a_buffer_with_its_own_write(recorded):
    tracer, events, asked = recorded
    _, parameters, numbers = in_one_buffer(tracer)
    with torch.no_grad():
        for each in parameters:
            each.add_(1.0)
    assert told(tracer, events, ev.LeafUpdated) == numbers
    assert len(asked) <= 4 * MANY


def test_a_backward_adds_to_each_grad_of_a_buffer_by_itself(recorded):
    tracer, events, asked = recorded
    parameters = [torch.nn.Parameter(torch.ones(2)) for _ in range(MANY)]
    for each, part in zip(parameters, torch.zeros(MANY, 2), strict=True):
        each.grad = part
    torch.stack(parameters).pow(2).sum().backward()
    asked.clear()
    for each in parameters:
        each.grad.zero_()
    assert len(told(tracer, events, ev.GradCleared)) == MANY
    assert len(asked) <= 4 * MANY


def test_a_write_is_told_of_all_parameters_that_it_reaches_and_of_no_others(recorded):
    tracer, events, _ = recorded
    buffer, parameters, numbers = in_one_buffer(tracer)
    whole = torch.nn.Parameter(buffer)
    (whole * 1).sum()
    choose = random.Random(0)
    for value in range(1, 30):
        first, last = sorted((choose.randrange(MANY), choose.randrange(MANY)))
        tracer.core.log.flush()
        events.clear()
        with torch.no_grad():
            buffer[first : last + 1].fill_(value)
        assert sorted(told(tracer, events, ev.LeafUpdated))[:-1] == numbers[first : last + 1]
    del parameters


def test_a_parameter_that_was_put_elsewhere_is_found_there(recorded):
    tracer, events, _ = recorded
    buffer, parameters, numbers = in_one_buffer(tracer)
    other = torch.zeros(4)
    parameters[3].data = buffer[5]
    parameters[4].data = other[:2]
    tracer.core.leaves.settle()
    tracer.core.log.flush()
    events.clear()
    with torch.no_grad():
        buffer[3:6].fill_(7.0)
        other.fill_(8.0)
    assert sorted(told(tracer, events, ev.LeafUpdated)) == [numbers[3], numbers[4], numbers[5]]


def test_leaves_that_share_one_new_grad_are_not_compared_with_each_other(recorded, monkeypatch):
    tracer, events, _ = recorded
    compared = []
    check = leaves.Leaves._check_grad
    monkeypatch.setattr(
        leaves.Leaves, "_check_grad", lambda *args, **kwargs: compared.append(1) or check(*args, **kwargs)
    )
    scalars = [torch.tensor(1.0, requires_grad=True) for _ in range(MANY)]
    torch.stack(scalars).sum().backward()
    assert len(told(tracer, events, ev.GradAccumulated)) == MANY
    assert len(compared) <= 4 * MANY
