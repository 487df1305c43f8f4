"""What the canvas needs of a scene: `scene.picture.Picture` and `scene.frame.SceneFrame` are the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphviz_app.scene.hit import Hit as Item
from graphviz_app.scene.states import LOOK_MASK, Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from graphviz_app.layout.model import Layout
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme


__all__ = ["FrameLike", "Item", "PictureLike"]


class BoxLike(Protocol):
    """A box as the canvas knows it."""

    @property
    def key(self) -> str:
        """Its stable name."""
        ...


class LinkLike(Protocol):
    """A link as the canvas knows it: from the box `source` to the box `target`, the way gradients flow."""

    @property
    def source(self) -> int:
        """Index of the box that it leaves."""
        ...

    @property
    def target(self) -> int:
        """Index of the box that it enters."""
        ...


class GraphLike(Protocol):
    """What is drawn."""

    @property
    def boxes(self) -> Sequence[BoxLike]:
        """The boxes; each has a `key`, a group's also a `path`."""
        ...

    @property
    def links(self) -> Sequence[LinkLike]:
        """The links."""
        ...


class TokenLike(Protocol):
    """A gradient that moves along a link during a step."""

    @property
    def link(self) -> int:
        """Index of the link it moves along."""
        ...

    @property
    def text(self) -> str:
        """Its value."""
        ...

    @property
    def colour(self) -> str:
        """Its colour."""
        ...


class PictureLike(Protocol):
    """Where everything is; the same at every step."""

    @property
    def graph(self) -> Any:
        """A `GraphLike`."""
        ...

    @property
    def layout(self) -> Layout:
        """Where everything is."""
        ...

    @property
    def box_bounds(self) -> npt.NDArray[np.float32]:
        """float32 (boxes, 4): x, y, width, height."""
        ...

    @property
    def link_bounds(self) -> npt.NDArray[np.float32]:
        """float32 (links, 4), likewise."""
        ...


class FrameLike(Protocol):
    """What everything looks like at one step."""

    @property
    def picture(self) -> Any:
        """A `PictureLike`, the same object at every step."""
        ...

    @property
    def step(self) -> int:
        """Which step."""
        ...

    @property
    def theme(self) -> Theme:
        """In which colours."""
        ...

    @property
    def box_state(self) -> npt.NDArray[np.uint8]:
        """uint8 (boxes,): boxes of equal state look the same in tiles."""
        ...

    @property
    def link_state(self) -> npt.NDArray[np.uint8]:
        """uint8 (links,), likewise."""
        ...

    @property
    def tokens(self) -> Sequence[Any]:
        """`TokenLike`s: what moves during the step."""
        ...

    @property
    def caption(self) -> str:
        """The step in words."""
        ...

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Of what `shapes` draws: x, y, width, height."""
        ...

    def box_shapes(self, i: int, detail: int) -> Sequence[Shape]:
        """The still part of box i."""
        ...

    def link_shapes(self, e: int, detail: int) -> Sequence[Shape]:
        """The still part of link e."""
        ...

    def group_shapes(self, g: int, detail: int) -> Sequence[Shape]:
        """The frame around open group g."""
        ...

    def live_shapes(self, i: int) -> Sequence[Shape]:
        """The values of box i at this step."""
        ...

    def label_shapes(self, e: int) -> Sequence[Shape]:
        """The value on link e at this step."""
        ...

    def shapes(self, phase: float = 1.0) -> Iterator[Shape]:
        """Everything, for exports."""
        ...

    def hit(self, x: float, y: float) -> Item | None:
        """What is at a point: something with a `kind` and an `index`, or None."""
        ...

    def describe(self, item: Item) -> str:
        """What a tooltip says of it."""
        ...


def content_bounds(frame: FrameLike) -> tuple[float, float, float, float]:
    """x, y, width, height of the boxes and links; the captions that exports write beneath are not on the canvas."""
    layout = frame.picture.layout
    return 0.0, 0.0, max(1.0, float(layout.width)), max(1.0, float(layout.height))


def start_bounds(frame: FrameLike) -> tuple[float, float, float, float]:
    """x, y, width, height of the box where the gradients start: the first root, or else the topmost box."""
    picture = frame.picture
    roots = [number for number, box in enumerate(picture.graph.boxes) if getattr(box, "kind", "") == "root"]
    if not len(picture.box_bounds):
        return content_bounds(frame)
    x, y, width, height = picture.box_bounds[roots[0] if roots else int(picture.box_bounds[:, 1].argmin())].tolist()
    return x, y, width, height


def colouring(frame: FrameLike) -> str:
    """Of a frame's options, the one that tiles depend on."""
    return getattr(getattr(frame, "options", None), "colouring", "")


def running_box(frame: FrameLike) -> int | None:
    """The box that the step is about; None if there is none."""
    looks = frame.box_state & LOOK_MASK
    for look in (Look.RUNNING, Look.MADE):
        found = np.flatnonzero(looks == look)
        if len(found):
            return int(found[0])
    return None
