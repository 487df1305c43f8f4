import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.recording.values import TensorRecord, record_array
from graphviz_app.scene.numbers import (
    array_text,
    brief_text,
    norm_text,
    number,
    shape_text,
    statistics_text,
    tensor_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (np.float32(0.1), "0.1"),
        (np.float32(1 / 3), "0.333"),
        (np.float64(2.9999), "3.00"),
        (np.float32(66.66667), "66.7"),
        (0.5, "0.5"),
        (0.25, "0.25"),
        (-1.3333, "-1.33"),
        (123456.0, "123456"),
        (1234.5678, "1.23e3"),
        (999.96, "1.00e3"),
        (1e9, "1e9"),
        (0.00123, "0.00123"),
        (0.000123, "1.23e-4"),
        (np.float32(1e-4), "1e-4"),
        (np.float32(0.000123), "1.23e-4"),
        (np.float32(1.0001e-4), "1.00e-4"),
        (1.2345e-30, "1.23e-30"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (True, "True"),
        (np.bool_(False), "False"),
        (np.int64(-7), "-7"),
        (10**12, "1e12"),
        (1 + 2j, "1+2j"),
        (np.complex64(0.5 - 1j), "0.5-1j"),
        (ml_dtypes.bfloat16(0.1), "0.1"),
        (np.float16(0.3333), "0.333"),
    ],
)
def test_a_number_is_written_short_and_honest(value, text):
    assert number(value) == text


@given(st.floats(-1.79e308, 1.79e308))
def test_a_written_number_is_off_by_less_than_a_unit_in_the_third_digit(value):
    assert float(number(value)) == pytest.approx(value, rel=0.006)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_written_with_fewer_than_three_digits_is_exact(value):
    text = number(np.float32(value))
    digits = text.split("e")[0].lstrip("-0.").replace(".", "")
    if len(digits) < 3:
        assert np.float32(float(text)) == np.float32(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_never_longer_than_ten_characters(value):
    assert len(number(value)) <= 10


def test_few_elements_are_written_as_torch_prints_them():
    assert tensor_text(record_array(np.array([1 / 3, 2, -1], np.float32))) == "[0.333, 2, -1]"
    assert tensor_text(record_array(np.array([[1, 2], [3, 4]], np.int64))) == "[[1, 2], [3, 4]]"
    assert tensor_text(record_array(np.array(5.0))) == "5"
    assert array_text(np.zeros((0,))) == "[]"


def test_many_elements_are_written_as_shape_and_norm():
    assert tensor_text(record_array(np.full((64, 128), 0.5, np.float32))) == "(64, 128) norm 45.3"


def test_what_does_not_fit_is_summarised_rather_than_cut():
    record = record_array(np.array([0.123, 0.456, 0.789], np.float32))
    assert tensor_text(record, 15) == "(3,) norm 0.920"
    assert tensor_text(record, 10) == "norm 0.920"


def test_odd_elements_are_named():
    record = record_array(np.array([math.nan, math.inf, -math.inf, *[1.0] * 7], np.float32))
    assert norm_text(record) == "norm 2.65 · 1 nan · 1 inf · 1 -inf"
    assert norm_text(record_array(np.full(8, math.nan, np.float32))) == "8 nan"


def test_an_undefined_gradient_is_none_and_an_empty_tensor_is_empty():
    assert tensor_text(None) == "None"
    assert tensor_text(record_array(np.zeros((0, 3, 9), np.float32))) == "[]"
    assert shape_text((3,)) == "(3,)"


def test_a_tensor_that_could_not_be_read_says_why():
    assert tensor_text(TensorRecord((3, 4), "float32", note="inside vmap")) == "(3, 4) inside vmap"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([3.0, 4.0], "norm 5"),
        ([1 / 3], "norm 0.333"),
        ([3.23e-7], "∥3.23e-7∥"),
        ([0.0938], "∥0.0938∥"),
        ([math.nan, 1.0], "1 nan"),
        ([], "norm 0"),
    ],
)
def test_beside_a_picture_a_tensor_is_told_in_ten_characters(values, text):
    assert brief_text(record_array(np.array(values))) == text


def test_figures_are_given_in_one_line():
    from graphviz_app.recording.values import measure

    assert statistics_text(measure(np.array([0.0, 2.0]))) == "min 0 · max 2 · mean 1 · norm 2 · 1 zero"
