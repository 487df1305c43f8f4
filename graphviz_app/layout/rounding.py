"""Widths of large requests rounded up a little, so that blocks that differ in a name only are equal pieces.

`blocks.9` and `blocks.10` are the same block with a text of another width; laid out alike, they are laid out once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.compose import cut

if TYPE_CHECKING:
    from graphviz_app.layout.model import Layout, LayoutRequest

GRAIN = 16
"""Pixels that widths are rounded up to a multiple of."""
LARGE = 300
"""Boxes from which a request is rounded."""


def rounded(request: LayoutRequest) -> LayoutRequest:
    """Return the request with wider boxes and labels, if it is large."""
    if len(request.boxes) < LARGE:
        return request
    return request._replace(
        boxes=tuple(box._replace(width=_up(box.width)) for box in request.boxes),
        links=tuple(
            link._replace(label_width=_up(link.label_width)) if link.label_width > 0 else link for link in request.links
        ),
    )


def _up(width: float) -> float:
    return float(-(-width // GRAIN) * GRAIN)


def fitted_to(request: LayoutRequest, wider: LayoutRequest, layout: Layout) -> Layout:
    """Return the layout of `wider` with its curves touching the boxes of `request` where their ports are."""
    if request is wider or not request.links:
        return layout
    scale = np.array([box.width / wide.width for box, wide in zip(request.boxes, wider.boxes, strict=True)])
    offsets = np.cumsum([0, *(len(curve) for curve in layout.curves)], dtype=np.int64)
    points = np.concatenate(layout.curves)
    for box, end, beside in (
        (np.array([link.source for link in request.links]), offsets[:-1], 1),
        (np.array([link.target for link in request.links]), offsets[1:] - 1, -1),
    ):
        move = (layout.centres[box, 0] - points[end, 0]) * (1 - scale[box]).astype(np.float32)
        points[end, 0] += move
        points[end + beside, 0] += move
    return layout._replace(curves=cut(points, offsets))
