"""Drawings to write: one with every shape, and strategies for hostile ones."""

import numpy as np
from hypothesis import strategies as st

from graphviz_app.export.drawing import Drawing
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Text


def every_shape(text: str = "[0.333, -> nan]") -> Drawing:
    """All five shapes, filled, stroked, dashed, transparent and anchored."""
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[0, 0, 0] = 255
    return Drawing(
        (
            Rectangle(10, 10, 200, 60, 8, "#e8f0fe", "#4477aa", 1.5),
            Rectangle(20, 130, 60, 40, 0, None, "#999999", 1, dashed=True),
            Text(20, 35, "MulBackward0", 14, "#222222", bold=True),
            Text(20, 55, text, 12, "#22222299"),
            Text(200, 90, "end", 12, "#aa0000", anchor="end"),
            Text(110, 90, "middle", 12, "#aa0000", anchor="middle"),
            Curve(np.array([[110, 70], [110, 120], [200, 100], [210, 160]], np.float32), "#4477aa", 2.0),
            Curve(np.array([[50, 70], [60, 120], [20, 100], [10, 160]], np.float32), "#999999", 2.0, dashed=True),
            Polygon(((320, 190), (312, 184), (312, 196)), "#4477aa"),
            HeatMap(230, 20, 90, 60, pixels),
        ),
        0,
        0,
        340,
        210,
        "#ffffff",
        "A title",
        "A description",
    )


def hostile_text():
    """Any text at all, surrogates and control characters included, and some that attack on purpose."""
    attacks = [
        "</text><script>alert(1)</script>",
        "]]>",
        '"><!--',
        "&lt;",
        "\x00",
        "\u202e",
        "=cmd|' /C calc'!A0",
        "\\N",
    ]
    return st.one_of(st.text(st.characters(exclude_categories=())), st.sampled_from(attacks))
