"""A tensor in words: its description, its figures, and itself as text that can be pasted into a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording.values import statistics
from graphviz_app.scene import oddity
from graphviz_app.scene.numbers import number, shape_text, statistics_text
from graphviz_app.ui.panels.tensor_slice import sampling_text, whole

if TYPE_CHECKING:
    from graphviz_app.recording import TensorRecord

_NUMPY_NAMES = {"bool": "np.bool_"}


def description(record: TensorRecord) -> str:
    """Shape, dtype, and what is out of the ordinary about it: "(4,) · float32 · requires_grad"."""
    parts = [shape_text(record.shape), record.dtype]
    parts += [record.device] if record.device != "cpu" else []
    parts += [record.layout] if record.layout != "strided" else []
    parts += ["requires_grad"] if record.requires_grad else []
    parts += [sampling_text(record)] if sampling_text(record) else []
    return " · ".join(parts)


def figures(record: TensorRecord) -> str:
    """The figures over all elements, std included; "" where there are none worth it."""
    try:
        known = statistics(record)
    except ValueError:
        return "This value is damaged in the recording."
    if known is None or record.numel < 2:
        return ""
    spread = f" · std {number(known.std)}" if known.std is not None else ""
    absolute = " (of absolute values)" if record.dtype.startswith("complex") else ""
    return statistics_text(known) + spread + absolute


def wrapped_between_parts(text: str) -> str:
    """The text with lines that break after a "·" only: no figure is torn from its name, no line begins with a dot."""
    if "·" not in text:
        return text
    return text.replace(" ", "\N{NO-BREAK SPACE}").replace("·\N{NO-BREAK SPACE}", "· ")


def is_odd(record: TensorRecord | None) -> bool:
    """Whether it holds NaN or an infinity."""
    try:
        return oddity.is_odd(record)
    except ValueError:
        return True


def why_no_elements(record: TensorRecord) -> str:
    """Why nothing can be shown; "" where something can."""
    if record.numel == 0:
        return f"Empty: a tensor of shape {shape_text(record.shape)} has no elements."
    if record.data is None and record.sample is None:
        return f"The elements were not recorded{f': {record.note}' if record.note else ''}."
    return ""


def as_text(record: TensorRecord) -> str:
    """All recorded elements as numpy prints them, or the description where there are none."""
    values = whole(record)
    if values is None:
        return f"{description(record)} · {figures(record)}"
    with np.printoptions(threshold=1_000_000, floatmode="unique", suppress=True):
        return np.array2string(values, separator=", ")


def as_numpy(record: TensorRecord) -> str:
    """An expression that makes the same array in numpy; "" where not all elements were recorded."""
    values = whole(record)
    if values is None:
        return ""
    name = values.dtype.name
    own = name if hasattr(np, name) else ""
    dtype = _NUMPY_NAMES.get(name) or (f"np.{own}" if own else f"ml_dtypes.{name}")
    body = repr(values.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    shape = f".reshape({record.shape})" if values.size == 0 else ""
    return f"np.array({body}, dtype={dtype}){shape}"
