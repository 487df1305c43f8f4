"""Tabs that are as high as the page that is looked at, not as the highest of all."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtWidgets import QTabWidget, QWidget


class FittedTabs(QTabWidget):
    """Follows the size hint of its current page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(self._fit)

    def sizeHint(self) -> QSize:
        """The page and the row of tabs."""
        hint = super().sizeHint()
        return QSize(hint.width(), self._high(self.currentWidget().sizeHint())) if self.count() else hint

    def minimumSizeHint(self) -> QSize:
        """The page's least height; tabs that do not fit are reached by the arrows beside them."""
        if not self.count():
            return super().minimumSizeHint()
        return QSize(self.fontMetrics().averageCharWidth() * 8, self._high(self.currentWidget().minimumSizeHint()))

    def tabInserted(self, index: int) -> None:
        """Listen to the new page."""
        super().tabInserted(index)
        page = self.widget(index)
        if page is not None:
            page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A page that wants another height asks its own parent only, which is hidden inside Qt."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        self.updateGeometry()

    def _high(self, hint: QSize) -> int:
        bar = self.tabBar()
        # Document mode has no frame; the base line under the tabs is a pixel or two.
        return hint.height() + (bar.sizeHint().height() if bar.isVisibleTo(self) else 0) + 2
