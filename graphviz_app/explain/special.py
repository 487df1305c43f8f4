"""Special functions that numpy does not have, in double precision: as accurate as a check of a gradient needs them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.numeric import erf

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
_SERIES_FROM = 12.0
_LEAST = -1e3
_BESSEL_TERMS = 60
_BESSEL_UP_TO = 30.0


def erf_inverse(values: Array) -> Array:
    """The inverse of the error function, by bisection and some of Newton's steps; NaN outside -1 to 1."""
    low, high = np.full(values.shape, -6.0), np.full(values.shape, 6.0)
    for _ in range(24):
        middle = 0.5 * (low + high)
        is_below = erf(middle) < values
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    found = 0.5 * (low + high)
    for _ in range(3):
        found = found - (erf(found) - values) * 0.5 * math.sqrt(math.pi) * np.exp(found**2)
    found = np.where(np.abs(values) == 1, np.copysign(np.inf, values), found)
    return np.where(np.abs(values) > 1, np.nan, found)


def digamma(values: Array) -> Array:
    """The slope of ln Γ: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3.5, 6.3.7 and 6.3.18."""
    x, is_left, total = np.where(values < 0.5, 1 - values, values), values < 0.5, np.zeros(values.shape)
    x = np.where(np.isfinite(x) & (values > _LEAST), x, 1.0)
    while (low := x < _SERIES_FROM).any():
        total, x = total - np.where(low, 1 / x, 0.0), np.where(low, x + 1, x)
    series = sum(b * x ** (-2 * n) / (2 * n) for n, b in enumerate(_BERNOULLI, 1))
    found = total + np.log(x) - 0.5 / x - series
    return _where_known(values, np.where(is_left, found - np.pi / np.tan(np.pi * values), found))


def trigamma(values: Array) -> Array:
    """The slope of the digamma function: Abramowitz and Stegun, 6.4.6, 6.4.7 and 6.4.12."""
    x, is_left, total = np.where(values < 0.5, 1 - values, values), values < 0.5, np.zeros(values.shape)
    x = np.where(np.isfinite(x) & (values > _LEAST), x, 1.0)
    while (low := x < _SERIES_FROM).any():
        total, x = total + np.where(low, 1 / x**2, 0.0), np.where(low, x + 1, x)
    series = sum(b * x ** (-2 * n - 1) for n, b in enumerate(_BERNOULLI, 1))
    found = total + 1 / x + 0.5 / x**2 + series
    return _where_known(values, np.where(is_left, (np.pi / np.sin(np.pi * values)) ** 2 - found, found))


def _where_known(values: Array, found: Array) -> Array:
    return np.where(np.isfinite(values) & (values > _LEAST), found, np.nan)


def bessel_i(order: int, values: Array) -> Array:
    """The modified Bessel function I of order 0 or 1, by its series; NaN where that takes too many terms."""
    half = 0.5 * np.where(np.abs(values) > _BESSEL_UP_TO, np.nan, values)
    term = half**order
    total = term
    for count in range(1, _BESSEL_TERMS):
        term = term * half**2 / (count * (count + order))
        total = total + term
    return total
