"""A tensor record as JSON: every element exact, what JSON cannot say as strings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.recording.values import elements, statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording.values import TensorRecord

JsonNumber = bool | int | float | str | list[float | str]


def json_tensor(record: TensorRecord | None) -> dict[str, Any] | None:
    """A tensor as the JSON export writes it; None for an undefined gradient.

    `values` is flat and row-major, and None unless every element was recorded. The figures are over the finite
    elements, and None where there are none or nothing could be read.
    """
    if record is None:
        return None
    values = elements(record)
    figures = statistics(record)
    document: dict[str, Any] = {
        "shape": list(record.shape),
        "dtype": record.dtype,
        "device": record.device,
        "numel": record.numel,
        "values": None if values is None else json_numbers(values),
        "min": None,
        "max": None,
        "mean": None,
        "norm": None,
        "zeros": None,
        "nans": None,
        "infs": None,
    }
    if figures is not None:
        document["min"] = _optional(figures.minimum)
        document["max"] = _optional(figures.maximum)
        document["mean"] = _optional(figures.mean)
        document["norm"] = json_float(figures.norm)
        document["zeros"] = figures.zeros
        document["nans"] = figures.nans
        document["infs"] = figures.positive_infinities + figures.negative_infinities
    if record.note:
        document["note"] = record.note
    return document


def json_numbers(values: npt.NDArray[Any]) -> list[JsonNumber]:
    """All elements, flat; floats widened to double, which is exact, complex ones as [real, imaginary]."""
    flat = values.reshape(-1)
    if flat.dtype.kind in "biu":
        return flat.tolist()
    if flat.dtype.kind == "c":
        wide = flat.astype(np.complex128)
        return [[json_float(value.real), json_float(value.imag)] for value in wide.tolist()]
    wide = flat.astype(np.float64)
    plain: list[Any] = wide.tolist()
    return plain if np.isfinite(wide).all() else [json_float(float(value)) for value in wide]


def json_float(value: float) -> float | str:
    """A float, or "nan", "inf", "-inf", for which JSON has no number."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _optional(value: float | None) -> float | str | None:
    return None if value is None else json_float(value)
