"""Rows of marks as pixels, counted by numpy: as fast for a million events as for ten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QImage

from graphviz_app.ui.panels.timeline_marks import counts

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.ui.panels.timeline_marks import PassRow, Steps
    from graphviz_app.ui.panels.timeline_view import StripView


def density_row(steps: Steps, view: StripView, columns: int, rows: int, colour: str) -> QImage:
    """Marks as bars: a column without an event stays empty, one with many is higher (logarithmically).

    Args:
        steps: Ascending steps of the marks.
        view: Which steps are shown.
        columns: Width in device pixels.
        rows: Height in device pixels.
        colour: "#rrggbb".
    """
    count = _widened(counts(steps, view.edges(columns)), round(view.pixels_per_step * columns / view.width * 0.6))
    highest = max(int(count.max(initial=1)), 1)
    share = np.where(count > 0, 0.45 + 0.55 * np.log1p(count) / np.log1p(highest), 0.0)
    filled = np.arange(rows, 0, -1)[:, None] <= np.ceil(share * rows)[None, :]
    return _image(np.where(filled, 255, 0), colour)


def coverage_row(row: PassRow, view: StripView, columns: int, rows: int, colour: str) -> QImage:
    """Spans of passes, as a light band wherever one runs."""
    visible = row.touching(view.first, view.last)
    scale = columns / (view.last - view.first)
    first = np.clip((row.starts[visible] - 0.5 - view.first) * scale, 0, columns)
    last = np.clip((row.ends[visible] + 0.5 - view.first) * scale, 0, columns)
    opened = np.bincount(np.floor(first).astype(np.intp), minlength=columns + 1)
    closed = np.bincount(np.ceil(last).astype(np.intp), minlength=columns + 1)
    covered = np.cumsum(opened - closed)[:columns] > 0
    return _image(np.broadcast_to(np.where(covered, 95, 0), (rows, columns)), colour)


def _widened(count: npt.NDArray[np.intp], width: int) -> npt.NDArray[np.intp]:
    """Marks `width` columns wide, centred, where steps lie that far apart."""
    if width < 2:
        return count
    result = count.copy()
    for shift in range(1, (width + 1) // 2):
        result[shift:] += count[:-shift]
        result[:-shift] += count[shift:]
    return result


def _image(alpha: npt.NDArray[np.int64], colour: str) -> QImage:
    """An image of one colour with an alpha of its own in each pixel."""
    red, green, blue, _ = QColor(colour).getRgb()  # pyright: ignore[reportGeneralTypeIssues, reportAssignmentType]
    rows, columns = alpha.shape
    weight = alpha.astype(np.uint32)
    premultiplied = (
        (weight << 24) | ((red * weight // 255) << 16) | ((green * weight // 255) << 8) | (blue * weight // 255)
    )
    pixels = np.ascontiguousarray(premultiplied, np.uint32)
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
    # The copy is Qt's own: the numpy buffer goes away.
    return image.copy()
