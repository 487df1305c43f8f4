"""Left to right is top to bottom with the axes swapped: engines know one direction only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.model import Anchor

if TYPE_CHECKING:
    from graphviz_app.layout.model import Layout, LayoutRequest


def turned_request(request: LayoutRequest) -> LayoutRequest:
    """Return the request with widths and heights swapped, to be laid out from top to bottom."""
    return request._replace(
        boxes=tuple(box._replace(width=box.height, height=box.width) for box in request.boxes),
        links=tuple(
            link._replace(label_width=link.label_height, label_height=link.label_width) for link in request.links
        ),
        groups=tuple(group._replace(title_width=group.title_height, title_height=0.0) for group in request.groups),
        direction="TB",
    )


def turned_layout(layout: Layout) -> Layout:
    """Return the layout with x and y swapped."""
    return layout._replace(
        width=layout.height,
        height=layout.width,
        centres=_swapped(layout.centres),
        curves=tuple(_swapped(curve) for curve in layout.curves),
        labels=_swapped(layout.labels),
        groups=tuple(
            group._replace(x=group.y, y=group.x, width=group.height, height=group.width) for group in layout.groups
        ),
    )


def turned_anchor(previous: Anchor) -> Anchor:
    """Return an earlier layout with x and y swapped, and what it was asked for."""
    return Anchor(turned_request(previous.request), turned_layout(previous.layout))


def _swapped(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(points[:, ::-1])
