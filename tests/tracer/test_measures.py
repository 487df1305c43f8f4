"""Figures of large values: those that numpy computes from all elements in double precision."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.recording.values import measure, statistics
from graphviz_app.tracer.log import EventLog
from graphviz_app.tracer.measures import figures, sample
from graphviz_app.tracer.memory import READABLE
from graphviz_app.tracer.options import TracerOptions
from graphviz_app.tracer.strided import Strided, extent
from graphviz_app.tracer.values import ValueRecorder

SIZES = [1, 5, 8191, 8192, 8193, 50_000, 131_072, 131_073, 300_001]
FILLS = [0.0, np.nan, np.inf, -np.inf]


def assert_close(found, wanted):
    scale = max(abs(wanted.maximum or 0), abs(wanted.minimum or 0), 1e-30)
    for name in ("minimum", "maximum", "zeros", "nans", "positive_infinities", "negative_infinities"):
        assert getattr(found, name) == getattr(wanted, name), name
    for name, unit in (("mean", scale), ("std", scale), ("norm", max(wanted.norm, 1e-30))):
        one, two = getattr(found, name), getattr(wanted, name)
        assert (one is None) == (two is None)
        assert one is None or abs(one - two) <= 1e-4 * unit, name


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SIZES),
    st.sampled_from([np.float32, np.float64]),
    st.lists(st.tuples(st.sampled_from(FILLS), st.floats(0, 1)), max_size=4),
    st.sampled_from([0.0, 7.25, -1000.0]),
    st.integers(0, 2**31),
)
def test_figures_are_those_of_all_elements(size, dtype, fills, shift, seed):
    random = np.random.default_rng(seed)
    array = (random.standard_normal(size) + shift).astype(dtype)
    for fill, share in fills:
        array[random.random(size) < share] = fill
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(figures(array), measure(array))
    with np.errstate(all="raise"):
        found = figures(array)
    assert_close(found, measure(array))


@pytest.mark.parametrize("value", [1e30, -1e30, 1e-30, 3.0, 0.0])
def test_elements_that_are_all_alike_have_no_spread(value):
    array = np.full(40_000, value, np.float32)
    found = figures(array)
    assert found.minimum == found.maximum == array[0]
    assert found.std <= 1e-6 * abs(value)
    assert abs(found.norm - abs(value) * 200) <= 1e-5 * abs(value) * 200


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_there_are_figures_of_no_elements_at_all(shape, dtype):
    found = figures(np.empty(shape, dtype))
    assert (found.minimum, found.norm, found.zeros) == (None, 0.0, 0)


def recorder():
    return ValueRecorder(EventLog(lambda _: None), TracerOptions(element_budget=16))


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t,
        lambda t: t.t(),
        lambda t: t[:, 1:],
        lambda t: t.permute(1, 0)[::2],
        lambda t: t.unsqueeze(0).expand(3, -1, -1),
        lambda t: t.view(torch.int32),
        lambda t: t.to(torch.bfloat16),
        lambda t: t.to(torch.complex64),
        lambda t: torch._neg_view(t),
    ],
)
def test_figures_of_views_are_of_what_the_view_shows(view):
    base = torch.arange(-30.0, 34.0).reshape(8, 8)
    read = recorder()
    read.record(base)
    tensor = view(base)
    record = read.read(tensor)
    as_numpy = tensor.resolve_neg()
    as_numpy = as_numpy.float().numpy() if tensor.dtype is torch.bfloat16 else as_numpy.numpy()
    assert record.data is None
    assert record.shape == tuple(tensor.shape)
    assert_close(statistics(record), measure(as_numpy))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.complex64])
def test_what_was_expanded_is_read_once_however_large_it_seems(dtype):
    few = torch.tensor([0, 3, -4], dtype=dtype)
    record = recorder().read(few.expand(1 << 50, 3))
    found = record.statistics
    assert (found.zeros, found.norm) == (1 << 50, 5.0 * 2**25)
    assert (found.minimum, found.maximum) == ((0.0, 4.0) if dtype.is_complex else (-4.0, 3.0))
    assert found.std == pytest.approx(few.abs().double().std(correction=0) if dtype.is_complex else 2.8674417)
    assert record.sample.shape[1] == 3


def test_a_value_that_was_written_on_has_new_figures():
    tensor = torch.ones(100)
    read = recorder()
    before = read.read(tensor)
    tensor.mul_(3)
    assert (before.statistics.maximum, read.read(tensor).statistics.maximum) == (1.0, 3.0)


@st.composite
def views(draw):
    """A tensor over 4,000 elements, and a chain of views of it: cut, transposed, reshaped, repeated, turned."""
    base = torch.arange(40_000, dtype=torch.float32).reshape(
        draw(st.sampled_from([(40_000,), (200, 200), (8, 50, 100)]))
    )
    found = [base]
    for _ in range(draw(st.integers(0, 4))):
        last = found[-1]
        match draw(st.sampled_from(["cut", "step", "transpose", "view", "unsqueeze", "expand", "unfold"])):
            case "cut":
                dim = draw(st.integers(0, last.dim() - 1))
                last = last.narrow(dim, last.shape[dim] // 4, max(1, last.shape[dim] // 2))
            case "step":
                last = last[:: draw(st.integers(1, 3))]
            case "transpose":
                last = last.transpose(0, -1)
            case "view" if last.shape[0] % 2 == 0:
                last = last.unflatten(0, (2, -1))
            case "unsqueeze":
                last = last.unsqueeze(draw(st.integers(0, last.dim())))
            case "expand":
                last = last.unsqueeze(0).expand(3, *last.shape)
            case "unfold" if last.shape[-1] > 5:
                last = last.unfold(last.dim() - 1, 4, 2)
        found.append(last)
    return found


@settings(max_examples=30, deadline=None)
@given(views())
def test_views_have_the_figures_of_their_own_elements(found):
    recorder = ValueRecorder(EventLog(lambda _: None), TracerOptions(element_budget=0))
    for tensor in [*found, *reversed(found)]:
        way = Strided.of(READABLE[torch.float32], tuple(tensor.shape), tensor.stride())
        elements = way.elements(tensor.data_ptr())
        repeated = elements.reshape(-1).repeat(way.repeats)
        assert sorted(repeated.tolist()) == sorted(tensor.reshape(-1).tolist())
        assert way.reach <= tensor.untyped_storage().nbytes() - 4 * tensor.storage_offset()
        picked = tensor[tuple(slice(None, None, step) for step in way.sample_step)]
        assert way.sample(tensor.data_ptr()) == sample(tensor.numpy())
        assert way.sample(tensor.data_ptr()).data == picked.numpy().tobytes()
        record = recorder.read(tensor)
        assert record.shape == tuple(tensor.shape)
        assert_close(record.statistics, measure(tensor.numpy()))


def test_views_of_the_same_elements_have_the_same_extent():
    base = torch.zeros(4, 6, 10)
    part = base[:, :, 2:7]
    same = [
        part.transpose(0, 1),
        part.permute(2, 0, 1),
        part.reshape(4, 6, 1, 5),
        part.flatten(0, 1),
        part.unsqueeze(0),
    ]
    assert len({extent(tuple(each.shape), each.stride()) for each in [part, *same]}) == 1
    assert extent((4, 6, 10), (60, 10, 1)) == extent((10, 24), (1, 10)) == ((240, 1),)
    assert extent((3, 5, 4), (0, 0, 1)) == ((15, 0), (4, 1))
    assert extent((), ()) == extent((1, 1), (7, 3)) == ()
