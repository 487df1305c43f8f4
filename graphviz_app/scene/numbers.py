"""How a number, a tensor, a shape is written: short and honest, the same everywhere in the program.

Three significant digits, and a number that is written shorter than that is exact: `3` is 3, a 2.9999 reads `3.00`.
A tensor that is not written out whole says how many elements it has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.recording.values import elements, statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording.values import Statistics, TensorRecord

FEW = 6
"""Tensors of up to this many elements are written out; larger ones are drawn as a heat map."""
_LARGEST_WHOLE = 1e6
_SMALLEST_PLAIN = 1e-3
_LARGEST_PLAIN = 1e3


def number(value: Any, digits: int = 3) -> str:
    """Write one number with `digits` significant digits; fewer only where those are exact in the number's own dtype."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return _whole(int(value), digits)
    if isinstance(value, complex | np.complexfloating):
        return _complex(value, digits)
    plain = float(value)
    if math.isnan(plain):
        return "nan"
    if math.isinf(plain):
        return "inf" if plain > 0 else "-inf"
    if plain == 0:
        return "-0" if math.copysign(1.0, plain) < 0 else "0"
    if plain.is_integer() and abs(plain) < _LARGEST_WHOLE:
        return str(int(plain))
    return _rounded(value, plain, digits)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python writes a tuple: `(3,)`, `(64, 128)`, `()`."""
    return str(tuple(int(size) for size in shape))


def tensor_text(record: TensorRecord | None, width: int | None = None) -> str:
    """One line for a tensor: its elements while they are few and fit in `width` characters, else shape and norm.

    None, an undefined gradient, is written `None`.
    """
    if record is None:
        return "None"
    values = elements(record) if record.numel <= FEW else None
    if values is not None:
        text = array_text(values)
        if width is None or len(text) <= width:
            return text
    return _summary(record, width)


def array_text(values: npt.NDArray[Any]) -> str:
    """All elements in brackets, as torch prints them: `[[1, 2], [3, 0.333]]`; a 0-d array is its number."""
    if values.ndim == 0:
        return number(values[()])
    if values.ndim == 1:
        return "[" + ", ".join(number(value) for value in values) + "]"
    return "[" + ", ".join(array_text(row) for row in values) + "]"


def norm_text(record: TensorRecord | None) -> str:
    """The norm of a tensor in three digits, with what is not finite named; `None` for an undefined gradient."""
    if record is None:
        return "None"
    figures = statistics(record)
    return record.note or "unknown" if figures is None else _norm(figures)


def brief_text(record: TensorRecord) -> str:
    """The least that can be said of a tensor beside its picture, in ten characters: its norm, or what is odd in it."""
    figures = statistics(record)
    if figures is None:
        return "unknown"
    odd = [f"{number(count)} {word}" for count, word in _oddities(figures)[1:] if count]
    if odd:
        return odd[0]
    norm = number(figures.norm)
    return f"norm {norm}" if len(norm) <= 5 else f"∥{norm}∥"


def statistics_text(figures: Statistics) -> str:
    """The figures of a tensor in one line: range, mean, norm, and how many elements are zero or not finite."""
    parts: list[str] = []
    if figures.minimum is not None and figures.maximum is not None and figures.mean is not None:
        parts += [f"min {number(figures.minimum)}", f"max {number(figures.maximum)}", f"mean {number(figures.mean)}"]
    parts += _finite_norm(figures)
    parts += [f"{count:,} {word}" for count, word in _oddities(figures) if count]
    return " · ".join(parts)


def count_text(count: int, noun: str, plural: str = "") -> str:
    """`1 node`, `1,200 nodes`, `2 leaves`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _summary(record: TensorRecord, width: int | None) -> str:
    shape = shape_text(record.shape)
    if record.numel == 0:
        return f"{shape} empty"
    figures = statistics(record)
    if figures is None:
        return f"{shape} {record.note}".rstrip()
    text = f"{shape} {_norm(figures)}"
    return text if width is None or len(text) <= width else _norm(figures)


def _norm(figures: Statistics) -> str:
    odd = [f"{count:,} {word}" for count, word in _oddities(figures)[1:] if count]
    return " · ".join(_finite_norm(figures) + odd)


def _finite_norm(figures: Statistics) -> list[str]:
    """The norm of the finite elements; nothing where there is none among others."""
    is_none_finite = figures.minimum is None and any(count for count, _ in _oddities(figures)[1:])
    return [] if is_none_finite else [f"norm {number(figures.norm)}"]


def _oddities(figures: Statistics) -> list[tuple[int, str]]:
    return [
        (figures.zeros, "zero"),
        (figures.nans, "nan"),
        (figures.positive_infinities, "inf"),
        (figures.negative_infinities, "-inf"),
    ]


def _whole(value: int, digits: int) -> str:
    return str(value) if abs(value) < _LARGEST_WHOLE else _scientific(float(value), float(value), digits)


def _complex(value: Any, digits: int) -> str:
    real, imaginary = number(value.real, digits), number(value.imag, digits)
    sign = "" if imaginary.startswith("-") else "+"
    return f"{real}{sign}{imaginary}j"


def _rounded(value: Any, plain: float, digits: int) -> str:
    rounded = float(f"{plain:.{digits - 1}e}")
    if not _SMALLEST_PLAIN <= abs(rounded) < _LARGEST_PLAIN:
        return _scientific(value, plain, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{plain:.{decimals}f}"
    if "." in text and _is_exact(value, float(text)):
        text = text.rstrip("0").rstrip(".")
    return text


def _is_exact(value: Any, written: float) -> bool:
    # A float32's 0.1 is not a double's 0.1: what counts is the number that the tensor could hold.
    return bool(type(value)(written) == value)


def _scientific(value: Any, plain: float, digits: int) -> str:
    mantissa, exponent = f"{plain:.{digits - 1}e}".split("e")
    if _is_exact(value, float(f"{mantissa}e{exponent}")):
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"
