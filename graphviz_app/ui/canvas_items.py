"""Between the scene's hits and the canvas's items: the same two facts, under the names of either room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.scene import hit
from graphviz_app.ui.canvas.frame import Item

if TYPE_CHECKING:
    from graphviz_app.scene.picture import Picture
    from graphviz_app.session.selection import Selection


def selection_of(picture: Picture, item: Item | None) -> Selection:
    """What a person means who selects this item; () for nothing."""
    return hit.selection_of(picture, None if item is None else hit.Hit(item.kind, item.index))


def items_of(picture: Picture, selection: Selection) -> tuple[Item, ...]:
    """The items that show a selection."""
    return tuple(Item(found.kind, found.index) for found in hit.items_of(picture, selection))


def way_items(picture: Picture, selection: Selection) -> tuple[Item, ...]:
    """The items on every way from a loss to what is selected."""
    # Imports networkx, which only somebody who has a picture has loaded already.
    from graphviz_app.scene.highlight import path_items

    return tuple(Item(found.kind, found.index) for found in path_items(picture, selection))


def found_items(picture: Picture | None, query: str, step: int) -> tuple[Item, ...]:
    """The boxes that fit a search, each once, in reading order."""
    if picture is None:
        return ()
    from graphviz_app.scene.search import search

    return tuple(Item("box", box) for box in dict.fromkeys(match.box for match in search(picture, query, step)))
