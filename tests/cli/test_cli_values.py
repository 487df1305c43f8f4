from __future__ import annotations

import numpy as np
import pytest

from graphviz_app.commands.ledger import value_in_words
from graphviz_app.recording.values import Statistics, TensorRecord, record_array


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (None, "None"),
        (record_array(np.array(3.0, np.float32)), "3"),
        (record_array(np.array([1.5, -2.0])), "[1.5, -2]"),
        (record_array(np.array([[1, 2], [3, 4]])), "[[1, 2], [3, 4]]"),
        (record_array(np.array([True])), "[True]"),
        (record_array(np.array([1 + 2j])), "[1+2j]"),
        (record_array(np.array([np.nan, np.inf, -np.inf])), "[nan, inf, -inf]"),
        (record_array(np.zeros((0, 3), np.float32)), "[]"),
        (record_array(np.full((2, 50), 0.5, np.float32)), "2×50 float32, norm 5"),
        (record_array(np.array([3.0, np.nan, np.inf, 0, 0, 0, 4.0])), "7 float64, norm 5, 1 NaN, 1 Inf"),
        (
            TensorRecord((5, 1000), "float32", statistics=Statistics(0, 1, 0.5, 0.1, 12.3456789, 0, 0, 0, 0)),
            "5×1000 float32, norm 12.3457",
        ),
        (TensorRecord((3,), "float32", note="inside vmap"), "3 float32 (inside vmap)"),
    ],
)
def test_a_value_is_its_elements_while_they_are_few_and_else_its_shape_and_norm(record, words):
    assert value_in_words(record) == words
