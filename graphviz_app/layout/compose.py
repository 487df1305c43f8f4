"""Put the placed levels into each other and join the parts of every link into one curve."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.loops import NO_MARGIN, Margin, loop_curve, loop_label, through_margin
from graphviz_app.layout.model import GroupPlace, Layout, LayoutRequest
from graphviz_app.layout.piece import middles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphviz_app.layout.frames import Frame
    from graphviz_app.layout.nesting import Nesting

_SLOWEST_FIRST = ("layered", "dot-fast", "dot")


def compose(request: LayoutRequest, nesting: Nesting, frames: list[Frame], margins: Mapping[int, Margin]) -> Layout:
    """Return the layout of the whole request from its placed levels.

    Args:
        request: What was asked for; links run down.
        nesting: Its levels.
        frames: Of each level, in the order of `nesting.levels`.
        margins: Room around a box for the links from it to itself.
    """
    origins, centres = _places(request, nesting, frames, margins)
    moved = [frame.placement.points + (origin + frame.inset) for frame, origin in zip(frames, origins, strict=True)]
    _reach_borders(nesting, frames, origins, moved)
    curves, labels = _links(request, nesting, frames, origins, moved)
    for k, link in enumerate(request.links if margins else ()):
        above = [margins.get(box, NO_MARGIN).above for box in (link.source, link.target)]
        curves[k] = through_margin(curves[k], *above) if link.source != link.target else curves[k]
    for level in nesting.levels:
        for rank, k in enumerate(level.loops):
            curves[k], labels[k] = _loop(request, k, rank, centres, level.loops)
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    points = np.concatenate(curves) if curves else np.zeros((0, 2))
    used = {frame.placement.engine for frame in frames}
    return Layout(
        width=frames[0].gates.width,
        height=frames[0].gates.height,
        centres=centres.astype(np.float32),
        curves=cut(points.astype(np.float32), offsets),
        labels=labels.astype(np.float32),
        groups=_group_places(nesting, frames, origins),
        engine=next((engine for engine in _SLOWEST_FIRST if engine in used), "dot"),
    )


def cut(points: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the curves that lie one after the other in `points`, as views of it."""
    bounds = offsets.tolist()
    return tuple(points[start:stop] for start, stop in itertools.pairwise(bounds))


def _places(
    request: LayoutRequest, nesting: Nesting, frames: list[Frame], margins: Mapping[int, Margin]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the top left corner of every level's frame, and the centre of every box."""
    origins = [np.zeros(2) for _ in frames]
    centres = np.zeros((len(request.boxes), 2))
    for index, level in enumerate(nesting.levels):
        frame = frames[index]
        inside = frame.placement.centres + (origins[index] + frame.inset)
        for place, (kind, item) in enumerate(level.items, start=level.entries):
            if kind == "box":
                centres[item] = inside[place] - (margins.get(item, NO_MARGIN).right / 2, 0.0)
            else:
                size = frames[item].gates
                origins[item] = inside[place] - (size.width / 2, size.height / 2)
    return origins, centres


def _reach_borders(nesting: Nesting, frames: list[Frame], origins: list[np.ndarray], moved: list[np.ndarray]) -> None:
    """Lengthen what ends at a gate up to the frame's border."""
    for index, level in enumerate(nesting.levels):
        offsets, points = frames[index].placement.offsets, moved[index]
        top = origins[index][1]
        bottom = top + frames[index].gates.height
        for number, segment in enumerate(level.segments):
            if segment.source.kind == "entry":
                points[offsets[number], 1] = top
            if segment.target.kind == "exit":
                points[offsets[number + 1] - 1, 1] = bottom


def _links(
    request: LayoutRequest,
    nesting: Nesting,
    frames: list[Frame],
    origins: list[np.ndarray],
    moved: list[np.ndarray],
) -> tuple[list[np.ndarray], np.ndarray]:
    bounds = [frame.placement.offsets.tolist() for frame in frames]
    curves: list[np.ndarray] = []
    labels = np.zeros((len(request.links), 2))
    for k, route in enumerate(nesting.routes):
        parts: list[np.ndarray] = []
        for level, number in route:
            part = moved[level][bounds[level][number] : bounds[level][number + 1]]
            parts.append(part[1:] if parts else part)
            if nesting.levels[level].segments[number].labelled:
                frame = frames[level]
                labels[k] = frame.placement.labels[number] + origins[level] + frame.inset
        curves.append(parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.zeros((0, 2)))
    _centre_bare_labels(request, nesting, curves, labels)
    return curves, labels


def _centre_bare_labels(request: LayoutRequest, nesting: Nesting, curves: list[np.ndarray], labels: np.ndarray) -> None:
    """Put the place of a label that nobody asked for on the middle of the whole curve, not of one part of it."""
    for k, route in enumerate(nesting.routes):
        if len(route) > 1 and request.links[k].label_width <= 0:
            labels[k] = middles(curves[k], np.array([0, len(curves[k])]))[0]


def _loop(
    request: LayoutRequest, k: int, rank: int, centres: np.ndarray, loops: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    link = request.links[k]
    earlier = [request.links[other] for other in loops[:rank] if request.links[other].source == link.source]
    box, centre = request.boxes[link.source], centres[link.source]
    return loop_curve(box, link, earlier, centre), loop_label(box, link, earlier, centre)


def _group_places(nesting: Nesting, frames: list[Frame], origins: list[np.ndarray]) -> tuple[GroupPlace, ...]:
    return tuple(
        GroupPlace(level.path, float(origin[0]), float(origin[1]), frame.gates.width, frame.gates.height)
        for level, frame, origin in zip(nesting.levels[1:], frames[1:], origins[1:], strict=True)
    )
