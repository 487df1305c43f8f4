"""The canvas: tiles painted in a thread, and on top of them what moves."""

from __future__ import annotations

from graphviz_app.ui.canvas.frame import Item
from graphviz_app.ui.canvas.widget import Canvas

__all__ = ["Canvas", "Item"]
