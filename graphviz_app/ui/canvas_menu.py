"""The menu of the canvas: what can be done with what is under the pointer, and with the picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from graphviz_app.scene.hit import leaf_uses
from graphviz_app.ui.canvas_items import selection_of, way_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QAction

    from graphviz_app.session.selection import Selection
    from graphviz_app.ui.canvas import Canvas, Item
    from graphviz_app.ui.workbench import Workbench

_COPY_SCALE = 2.0


class CanvasMenu(QObject):
    """Opens the menu."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._canvas: Canvas = bench.views.canvas
        self._canvas.context_menu_requested.connect(self.open)

    def open(self, item: Item | None, place: QPoint) -> None:
        """Open the menu for an item, or for nothing, at a place on the screen."""
        menu = self.build(item)
        menu.popup(place)

    def build(self, item: Item | None) -> QMenu:
        """The menu, which deletes itself when it is closed."""
        menu = QMenu(self._canvas)
        menu.aboutToHide.connect(menu.deleteLater)
        picture = self._bench.session.picture
        selection = () if picture is None else selection_of(picture, item)
        if selection:
            self._add_selection(menu, selection)
            menu.addSeparator()
        for text, act in (
            ("Show all", self._canvas.fit),
            ("Turn the graph", self._bench.turn),
            ("Copy the picture", self.copy_picture),
        ):
            self._add(menu, text, act).setEnabled(picture is not None)
        return menu

    def copy_picture(self) -> None:
        """Put the picture of this step on the clipboard."""
        try:
            image = self._canvas.image(_COPY_SCALE)
        except ValueError as error:
            self._bench.parts.message.show_message(str(error), kind="information")
            return
        QGuiApplication.clipboard().setImage(image)
        frame = self._canvas.frame
        scale = _COPY_SCALE if frame is None else image.width() / frame.bounds[2]
        smaller = f", at {scale:.0%} since it is so large" if scale < 0.99 * _COPY_SCALE else ""
        self._bench.parts.message.show_message(f"The picture is on the clipboard{smaller}.", kind="information")

    def _add_selection(self, menu: QMenu, selection: Selection) -> None:
        bench = self._bench
        match selection:
            case ("group", path):
                self._add(menu, "Open or close", lambda: bench.toggle_group(path))
                return
            case _:
                self._add(menu, "Inspect", lambda: bench.selections.on_panel(selection))
        if selection[0] == "leaf":
            self._add_uses(menu, selection[1])
        picture = bench.session.picture
        has_way = picture is not None and bool(way_items(picture, selection))
        self._add(menu, "Light the way from the loss", lambda: self._light(selection)).setEnabled(has_way)
        runs_again = bench.steps.next_call_of(selection) is not None
        self._add(menu, "Go to its next call", lambda: self._next_call(selection)).setEnabled(runs_again)

    def _add_uses(self, menu: QMenu, leaf: int) -> None:
        session, picture = self._bench.session, self._bench.session.picture
        if picture is None:
            return
        arrangement = session.arrangement
        boxes, links = leaf_uses(picture, leaf)
        if boxes > 1:
            self._add(menu, "Draw it as one box", lambda: session.arrange(arrangement.with_together(leaf)))
        elif links > 1:
            self._add(menu, "Draw it once for each use", lambda: session.arrange(arrangement.with_apart(leaf)))

    def _light(self, selection: Selection) -> None:
        picture = self._bench.session.picture
        if picture is not None:
            self._bench.session.select(selection)
            self._canvas.set_lit(way_items(picture, selection))

    def _next_call(self, selection: Selection) -> None:
        self._bench.session.select(selection)
        self._bench.steps.next_call()

    def _add(self, menu: QMenu, text: str, act: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(partial(_without_arguments, act))
        return action


def _without_arguments(act: Callable[[], object], _checked: bool = False) -> None:
    act()
