import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphviz_app.recording.values import (
    Sample,
    TensorRecord,
    elements,
    measure,
    record_array,
    sampled_elements,
    statistics,
)

DTYPES = [np.float64, np.float32, np.float16, np.int64, np.int8, np.uint8, np.bool_, np.complex64, np.complex128]


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))))
def test_elements_come_back_bit_for_bit(array):
    record = record_array(array)
    again = elements(record)
    assert again is not None
    assert again.tobytes() == np.ascontiguousarray(array).tobytes()
    assert again.shape == array.shape
    assert record.numel == array.size


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2])
def test_small_floats_are_read_as_what_they_are(dtype):
    array = np.array([0.0, 1.5, -2.0], dtype)
    assert elements(record_array(array)).astype(np.float64).tolist() == [0.0, 1.5, -2.0]


def test_half_precision_complex_is_read_as_complex():
    data = np.array([1, 2, 3, -4], np.float16).tobytes()
    assert elements(TensorRecord((2,), "complex32", data=data)).tolist() == [1 + 2j, 3 - 4j]


def test_statistics_count_what_is_not_finite_and_measure_the_rest():
    found = measure(np.array([3.0, -4.0, 0.0, math.nan, math.inf, -math.inf, math.inf], np.float32))
    assert (found.minimum, found.maximum, found.norm) == (-4.0, 3.0, 5.0)
    assert (found.zeros, found.nans, found.positive_infinities, found.negative_infinities) == (1, 1, 2, 1)


def test_statistics_of_nothing_finite_have_no_extremes():
    for array in (np.zeros((0, 3)), np.array([math.nan])):
        found = measure(array)
        assert found.minimum is None
        assert found.norm == 0.0


def test_signalling_nans_of_uninitialised_memory_are_counted_quietly():
    signalling = np.array([0x7F800001, 0x3F800000], np.uint32).view(np.float32)
    assert measure(signalling).nans == 1


def test_recorded_statistics_win_and_missing_elements_are_none():
    assert statistics(TensorRecord((2, 2), "float32")) is None
    assert sampled_elements(TensorRecord((2, 2), "float32")) is None
    sample = Sample((2,), (2,), np.array([1, 3], np.float32).tobytes())
    record = TensorRecord((4,), "float32", statistics=measure(np.arange(4.0)), sample=sample)
    assert statistics(record).maximum == 3.0
    assert sampled_elements(record).tolist() == [1.0, 3.0]
    assert elements(record) is None


def test_bytes_that_do_not_fit_are_an_error():
    with pytest.raises(ValueError, match="bytes"):
        elements(TensorRecord((3,), "float32", data=b"1234"))
    with pytest.raises(ValueError, match="unknown dtype"):
        elements(TensorRecord((1,), "float3", data=b"1"))
