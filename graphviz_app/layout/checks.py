"""What every layout must keep to, as questions that list what breaks it: for tests, and for `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.loops import LOOP_RISE
from graphviz_app.layout.piece import sampled

if TYPE_CHECKING:
    from graphviz_app.layout.model import Layout, LayoutRequest

Rectangles = np.ndarray
"""float64 (n, 4): left, top, right, bottom."""

SLACK = 0.6
"""Pixels by which float32 and Graphviz's rounding may be off at usual sizes."""


def problems(request: LayoutRequest, layout: Layout) -> list[str]:
    """Return a sentence for each way in which the layout breaks a promise; none for a sound one."""
    boxes = box_rectangles(request, layout)
    labels = label_rectangles(request, layout)
    slack = SLACK + max(layout.width, layout.height) * 1e-6
    found = [f"boxes {i} and {j} overlap" for i, j in overlaps(boxes, boxes, slack) if i < j]
    found += [f"labels {i} and {j} overlap" for i, j in overlaps(labels, labels, slack) if i < j]
    found += [f"label {i} covers box {j}" for i, j in overlaps(labels, boxes, slack)]
    found += _loose_ends(request, layout, boxes, slack)
    found += _group_problems(request, layout, boxes, slack)
    found += _outside(layout, boxes, slack)
    return found


def box_rectangles(request: LayoutRequest, layout: Layout) -> Rectangles:
    """Return the rectangle of every box."""
    sizes = np.array([(box.width, box.height) for box in request.boxes], dtype=np.float64).reshape(-1, 2)
    centres = layout.centres.astype(np.float64)
    return np.hstack((centres - sizes / 2, centres + sizes / 2))


def label_rectangles(request: LayoutRequest, layout: Layout) -> Rectangles:
    """Return the rectangle of every label; of links without one, an empty one far away."""
    sizes = np.array([(link.label_width, link.label_height) for link in request.links], dtype=np.float64)
    sizes = sizes.reshape(-1, 2)
    centres = layout.labels.astype(np.float64)
    rectangles = np.hstack((centres - sizes / 2, centres + sizes / 2))
    rectangles[(sizes <= 0).any(axis=1)] = -1e12
    return rectangles


def overlaps(one: Rectangles, other: Rectangles, slack: float) -> list[tuple[int, int]]:
    """Return the pairs (i, j) where `one[i]` and `other[j]` overlap by more than `slack` pixels both ways."""
    pairs: list[tuple[int, int]] = []
    order = np.argsort(other[:, 1], kind="stable")
    tallest = float((other[:, 3] - other[:, 1]).max(initial=0.0))
    tops = other[order, 1]
    for i, (left, top, right, bottom) in enumerate(one):
        near = order[np.searchsorted(tops, top - tallest) : np.searchsorted(tops, bottom)]
        across = np.minimum(other[near, 2], right) - np.maximum(other[near, 0], left)
        down = np.minimum(other[near, 3], bottom) - np.maximum(other[near, 1], top)
        pairs += [(i, int(j)) for j in near[(across > slack) & (down > slack)] if one is not other or i != j]
    return pairs


def _loose_ends(request: LayoutRequest, layout: Layout, boxes: Rectangles, slack: float) -> list[str]:
    sides = (1, 3) if request.direction == "TB" else (0, 2)
    found: list[str] = []
    for k, (link, curve) in enumerate(zip(request.links, layout.curves, strict=True)):
        if len(curve) < 4 or len(curve) % 3 != 1 or not np.isfinite(curve).all():
            found.append(f"link {k} is no chain of cubic curves")
            continue
        for name, point, box, side in (
            ("start", curve[0], boxes[link.source], sides[1]),
            ("end", curve[-1], boxes[link.target], sides[0]),
        ):
            axis = side % 2
            on_side = abs(point[axis] - box[side]) <= slack
            within = box[1 - axis] - slack <= point[1 - axis] <= box[3 - axis] + slack
            if not (on_side and within):
                found.append(f"the {name} of link {k} is not on its box's border")
    return found


def _group_problems(request: LayoutRequest, layout: Layout, boxes: Rectangles, slack: float) -> list[str]:
    found: list[str] = []
    frames = np.array([(g.x, g.y, g.x + g.width, g.y + g.height) for g in layout.groups]).reshape(-1, 4)
    wanted = {box.group[:depth] for box in request.boxes for depth in range(1, len(box.group) + 1)}
    if {group.path for group in layout.groups} != wanted:
        found.append("the frames are not those of the groups")
    for group, frame in zip(layout.groups, frames, strict=True):
        for i, box in enumerate(request.boxes):
            inside = box.group[: len(group.path)] == group.path
            if inside and not _contains(frame, boxes[i], slack):
                found.append(f"box {i} sticks out of its group {group.path}")
        for _, box in overlaps(frame[None], boxes, slack):
            if request.boxes[box].group[: len(group.path)] != group.path:
                found.append(f"group {group.path} covers the foreign box {box}")
    for i, j in overlaps(frames, frames, slack):
        one, other = layout.groups[i].path, layout.groups[j].path
        nested = other[: len(one)] == one and _contains(frames[i], frames[j], slack)
        if i < j and not nested:
            found.append(f"groups {one} and {other} overlap")
    return found


def _contains(outer: np.ndarray, inner: np.ndarray, slack: float) -> bool:
    return bool((inner[:2] >= outer[:2] - slack).all() and (inner[2:] <= outer[2:] + slack).all())


def _outside(layout: Layout, boxes: Rectangles, slack: float) -> list[str]:
    whole = np.array([0.0, 0.0, layout.width, layout.height])
    found = [f"box {i} is outside the whole" for i, box in enumerate(boxes) if not _contains(whole, box, slack)]
    for k, curve in enumerate(layout.curves):
        drawn = sampled(curve.astype(np.float64), np.array([0, len(curve)]))
        if not _contains(whole, np.concatenate((drawn.min(axis=0), drawn.max(axis=0))), LOOP_RISE + slack):
            found.append(f"link {k} leaves the whole")
    return found
