"""What is odd about a tensor: NaN, Inf, nothing but zeros; asked of thousands of them, so without all the figures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording.values import elements

if TYPE_CHECKING:
    from graphviz_app.recording.values import TensorRecord

NOT_FINITE = frozenset({"nan", "inf"})


def is_odd(record: TensorRecord | None) -> bool:
    """Whether a tensor holds NaN or Inf."""
    return not oddities(record).isdisjoint(NOT_FINITE)


def oddities(record: TensorRecord | None) -> frozenset[str]:
    """Of "nan", "inf" (of either sign), "zero" (all of one element or more) and "none" (no tensor) what is the case."""
    if record is None:
        return frozenset({"none"})
    if record.statistics is not None:
        figures = record.statistics
        infinities = figures.positive_infinities + figures.negative_infinities
        return _named(figures.nans > 0, infinities > 0, figures.zeros == record.numel > 0)
    values = elements(record)
    if values is None or not values.size:
        return frozenset()
    if values.dtype.kind in "biu":
        return _named(False, False, not bool(values.any()))
    if values.dtype.kind not in "fc":
        # bfloat16 and fp8 are none of numpy's own.
        values = values.astype(np.float32)
    if np.isfinite(values).all():
        return _named(False, False, not bool(values.any()))
    return _named(bool(np.isnan(values).any()), bool(np.isinf(values).any()), False)


@lru_cache
def _named(has_nan: bool, has_inf: bool, is_zero: bool) -> frozenset[str]:
    words = (("nan", has_nan), ("inf", has_inf), ("zero", is_zero))
    return frozenset(word for word, holds in words if holds)
