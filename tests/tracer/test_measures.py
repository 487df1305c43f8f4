"""Figures of values too large to be recorded whole are computed within the traced program, which must not notice."""

import numpy as np

from graphviz_app.tracer.measures import figures


def test_figures_of_numbers_whose_sum_overflows_warn_nobody():
    measured = figures(np.full(100, 3e38, np.float32))
    assert (measured.minimum, measured.maximum) == (np.float32(3e38), np.float32(3e38))


def test_figures_are_taken_even_where_the_program_lets_numpy_raise():
    with np.errstate(all="raise"):
        measured = figures(np.array([3e38, 3e38, -1e-45, 0.0], np.float32))
    assert measured.zeros == 1
