"""Numbers and small arrays in LaTeX, for formulas with the recorded values put in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

LONGEST_VECTOR = 4
LARGEST_MATRIX = 3


def is_small(values: Array) -> bool:
    """Whether an array can be written out in a formula."""
    if values.ndim <= 1:
        return values.size <= LONGEST_VECTOR
    return values.ndim == 2 and 0 < max(values.shape) <= LARGEST_MATRIX


def latex_array(values: Array) -> str:
    """A number, a vector in brackets, or a matrix; for small arrays only."""
    if values.ndim == 0:
        return latex_number(values[()])
    if values.ndim == 1:
        return r"\left[" + r",\; ".join(map(latex_number, values)) + r"\right]"
    rows = (" & ".join(map(latex_number, row)) for row in values)
    return r"{\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}}"


def latex_factor(values: Array) -> str:
    """Like `latex_array`, with parentheses around a single number that begins with a minus."""
    text = latex_array(values)
    return rf"\left({text}\right)" if values.ndim == 0 and text.startswith("-") else text


def latex_number(value: Any) -> str:
    """A number in three significant digits."""
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, complex | np.complexfloating):
        sign = "-" if value.imag < 0 else "+"
        return rf"\left({latex_number(value.real)} {sign} {latex_number(abs(value.imag))} i\right)"
    plain = float(value)
    if math.isnan(plain):
        return r"\mathrm{NaN}"
    if math.isinf(plain):
        return r"\infty" if plain > 0 else r"-\infty"
    if plain == int(plain) and abs(plain) < 1e6:
        return str(int(plain))
    mantissa, _, exponent = f"{plain:.3g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
