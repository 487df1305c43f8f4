"""What a layout is asked for, and what it answers; sizes and places only, nothing of autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Direction = Literal["TB", "LR"]
Engine = Literal["dot", "dot-fast", "layered"]


class BoxRequest(NamedTuple):
    """A box to place. `group` is the path of the expanded groups around it, outermost first."""

    key: str
    width: float
    height: float
    group: tuple[str, ...] = ()


class LinkRequest(NamedTuple):
    """A curve to route from the box at index `source` to the one at `target`, the way gradients flow.

    `source_port` and `target_port` say where along the side it leaves and enters, from 0 (left) to 1 (right).
    A link with a label reserves a free place of `label_width` × `label_height` on its way.
    """

    key: str
    source: int
    target: int
    source_port: float = 0.5
    target_port: float = 0.5
    label_width: float = 0.0
    label_height: float = 0.0


class GroupRequest(NamedTuple):
    """What an expanded group's frame must have room for above its contents: a title of this size."""

    path: tuple[str, ...]
    title_width: float = 0.0
    title_height: float = 0.0


class LayoutRequest(NamedTuple):
    """Boxes and links; equal requests get equal layouts. All sizes in pixels at 100 %.

    `groups` may name the groups that have a title; `ordered` asks that a box's links leave in the order listed.
    """

    boxes: tuple[BoxRequest, ...]
    links: tuple[LinkRequest, ...]
    direction: Direction = "TB"
    groups: tuple[GroupRequest, ...] = ()
    ordered: bool = False


class GroupPlace(NamedTuple):
    """The frame drawn around an expanded group: its path, and x, y (top left), width, height."""

    path: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Where everything is: pixels at 100 %, origin top left, y downwards.

    Attributes:
        width: Of the whole.
        height: Of the whole.
        centres: float32 (boxes, 2).
        curves: Per link, float32 (3k + 1, 2): cubic Bézier control points from source to target.
        labels: float32 (links, 2): centre of each link's label; on the curve where none was asked for.
        groups: The expanded groups, outer before inner.
        engine: What made it, for `doctor` and tests: "dot", "dot-fast", "layered".
    """

    width: float
    height: float
    centres: npt.NDArray[np.float32]
    curves: tuple[npt.NDArray[np.float32], ...]
    labels: npt.NDArray[np.float32]
    groups: tuple[GroupPlace, ...]
    engine: str


class Anchor(NamedTuple):
    """An earlier layout and what it was asked for, so that the next one can keep things where they were."""

    request: LayoutRequest
    layout: Layout


class LayoutError(Exception):
    """No layout could be made; the message is one sentence."""


class LayoutCancelled(LayoutError):
    """The layout was cancelled, or took longer than it was given."""
