"""A large made-up picture with the methods of a scene frame: columns of boxes, linked like layers with skips."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from graphviz_app.layout.model import GroupPlace, Layout
from graphviz_app.scene.frame import FrameOptions, Token
from graphviz_app.scene.shapes import Curve, Polygon, Rectangle, Text
from graphviz_app.scene.states import Look
from graphviz_app.scene.theme import LIGHT
from graphviz_app.ui.canvas.frame import Item

WIDTH, HEIGHT, GAP_X, GAP_Y = 150.0, 48.0, 60.0, 70.0


class GridPicture:
    def __init__(self, count=10_000, links=15_000, columns=8, prefix="box", seed=0):
        random = np.random.default_rng(seed)
        rows = -(-count // columns)
        index = np.arange(count)
        row, column = index // columns, index % columns
        corners = np.stack([column * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y)], axis=1) + 20.0
        self.box_bounds = np.hstack([corners, np.tile([WIDTH, HEIGHT], (count, 1))]).astype(np.float32)
        source = np.concatenate(
            [np.arange(max(0, count - columns)), random.integers(0, max(1, count - 5 * columns), links)]
        )
        source = source[:links]
        hop = np.where(
            np.arange(len(source)) < count - columns, columns, random.integers(columns, 5 * columns, len(source))
        )
        target = np.minimum(source + hop, count - 1)
        self.curves = tuple(self._curve(int(a), int(b)) for a, b in zip(source, target, strict=True))
        low = np.array([curve.min(axis=0) for curve in self.curves]).reshape(-1, 2)
        high = np.array([curve.max(axis=0) for curve in self.curves]).reshape(-1, 2)
        self.link_bounds = np.hstack([low - 6, high - low + 12]).astype(np.float32)
        width = columns * (WIDTH + GAP_X) - GAP_X + 40.0
        height = rows * (HEIGHT + GAP_Y) - GAP_Y + 40.0
        boxes = [SimpleNamespace(key=f"{prefix}{i}", path=()) for i in range(count)]
        ends = [SimpleNamespace(source=int(a), target=int(b)) for a, b in zip(source, target, strict=True)]
        self.graph = SimpleNamespace(boxes=boxes, links=ends)
        groups = (GroupPlace(("block",), 5.0, 5.0, width - 10.0, 3 * (HEIGHT + GAP_Y)),) if rows > 6 else ()
        labels = np.array([curve[len(curve) // 2] for curve in self.curves], np.float32).reshape(-1, 2)
        centres = self.box_bounds[:, :2] + self.box_bounds[:, 2:] / 2
        self.layout = Layout(width, height, centres, self.curves, labels, groups, "grid")

    def _curve(self, source, target):
        x0, y0 = self.box_bounds[source, 0] + WIDTH / 2, self.box_bounds[source, 1] + HEIGHT
        x1, y1 = self.box_bounds[target, 0] + WIDTH / 2, self.box_bounds[target, 1]
        return np.array([[x0, y0], [x0, y0 + 40], [x1, y1 - 40], [x1, y1]], np.float32)


class GridFrame:
    """At step s, the boxes up to s have run."""

    def __init__(self, picture, step, theme=LIGHT, tokens=1):
        self.picture = picture
        self.step = step
        self.theme = theme
        self.options = FrameOptions()
        count = len(picture.box_bounds)
        self.box_state = np.full(count, Look.BORN, np.uint8)
        self.box_state[:step] = Look.DONE
        if step < count:
            self.box_state[step] = Look.RUNNING
        self.link_state = np.zeros(len(picture.curves), np.uint8)
        self.link_state[:step] = 1
        self.caption = f"box{step} received 1 and sends 2."
        moving = range(step, min(step + tokens, len(picture.curves)))
        self.tokens = tuple(Token(link, f"[{link * 0.01:.2f}, 0.5]", theme.running) for link in moving)
        self.bounds = (0.0, 0.0, picture.layout.width, picture.layout.height)

    def _fill(self, i):
        state, theme = self.box_state[i], self.theme
        return {Look.DONE: theme.done, Look.RUNNING: theme.running}.get(state, theme.card)

    def box_shapes(self, i, detail):
        x, y, width, height = self.picture.box_bounds[i].tolist()
        theme = self.theme
        if detail == 0:
            return (Rectangle(x, y, width, height, 0.0, self._fill(i)),)
        card = Rectangle(x, y, width, height, 8.0, self._fill(i), theme.card_border, 1.2)
        if detail == 1:
            return (card,)
        return (
            card,
            Text(x + 12, y + 20, f"MulBackward{i}", 13.0, theme.text, bold=True),
            Text(x + 12, y + 38, "float32 (64, 64)", 11.0, theme.muted),
        )

    def link_shapes(self, e, detail):
        colour = self.theme.done if self.link_state[e] else self.theme.link
        points = self.picture.curves[e]
        if detail < 2:
            return (Curve(points, colour, 1.4),)
        x, y = points[-1].tolist()
        return (
            Curve(points, colour, 2.0 if self.link_state[e] else 1.4),
            Polygon(((x, y), (x - 4, y - 8), (x + 4, y - 8)), colour),
        )

    def group_shapes(self, g, _detail):
        place = self.picture.layout.groups[g]
        return (
            Rectangle(
                place.x, place.y, place.width, place.height, 10.0, self.theme.group_fill, self.theme.group_border
            ),
        )

    def live_shapes(self, _i):
        return ()

    def label_shapes(self, e):
        if not self.link_state[e]:
            return ()
        x, y = self.picture.layout.labels[e].tolist()
        text = f"{e * 0.01:.2f}"
        return (
            Rectangle(x - 24, y - 9, 48, 18, 6.0, self.theme.label, self.theme.done),
            Text(x, y + 4, text, 12.0, self.theme.gradient, anchor="middle"),
        )

    def shapes(self, _phase=1.0):
        for e in range(len(self.picture.curves)):
            yield from self.link_shapes(e, 3)
        for i in range(len(self.picture.box_bounds)):
            yield from self.box_shapes(i, 3)

    def hit(self, x, y):
        left, top, width, height = self.picture.box_bounds.T
        found = np.flatnonzero((x >= left) & (x < left + width) & (y >= top) & (y < top + height))
        return Item("box", int(found[0])) if len(found) else None

    def describe(self, item):
        return f"{item.kind} {item.index}"
