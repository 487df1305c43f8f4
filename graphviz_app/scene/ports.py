"""Where links leave their boxes: left to right as the slots of a node are, of a closed group in an order of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.graph.visible import VisibleGraph

_MOST = 12
"""Links of one box that leave it side by side at most; more of them all leave from its middle."""


def source_ports(visible: VisibleGraph) -> list[float]:
    """Of every link, where along its source's lower edge it leaves: 0 is left, 1 is right."""
    ports = [0.5] * len(visible.links)
    for number, box in enumerate(visible.boxes):
        links = visible.links_out_of(number)
        if len(links) <= _MOST:
            empty, ordered = _around_the_middle(visible, links) if box.kind == "group" else (0, links)
            for place, link in enumerate(ordered, start=empty + 1):
                ports[link] = place / (empty + len(links) + 1)
    return ports


def _around_the_middle(visible: VisibleGraph, links: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """A group's links with those that go on in the middle, and what it refers to half left and half right of them.

    Were they off the middle, each of a hundred groups in a row would stand a little to the side of the one before.
    The number is of places that stay empty on the left.
    """
    aside = tuple(link for link in links if visible.boxes[visible.links[link].target].kind == "reference")
    onwards = tuple(link for link in links if link not in aside)
    left, right = aside[: len(aside) // 2], aside[len(aside) // 2 :]
    return len(right) - len(left), (*left, *onwards, *right)
