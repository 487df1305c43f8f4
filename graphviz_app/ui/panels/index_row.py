"""Which page of a tensor of many dimensions is shown."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget


class IndexRow(QWidget):
    """One spin box per dimension before the last two.

    Signals:
        changed(): The user chose another index.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: list[QSpinBox] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._last = QLabel(", :, :]", self)
        self._row.addWidget(QLabel("[", self))
        self._row.addWidget(self._last)
        self._row.addStretch(1)

    def set_sizes(self, sizes: tuple[int, ...]) -> None:
        """Show a box for each size; boxes that stay keep their index as far as it fits."""
        self.setVisible(bool(sizes))
        while len(self._boxes) > len(sizes):
            box = self._boxes.pop()
            self._row.removeWidget(box)
            box.deleteLater()
        while len(self._boxes) < len(sizes):
            self._boxes.append(self._new_box(len(self._boxes)))
        for box, size in zip(self._boxes, sizes, strict=True):
            with QSignalBlocker(box):
                box.setRange(0, max(size - 1, 0))
            box.setToolTip(f"Index 0 to {size - 1}")

    def index(self) -> tuple[int, ...]:
        """What the boxes say."""
        return tuple(box.value() for box in self._boxes)

    def _tell(self) -> None:
        self.changed.emit()

    def _new_box(self, dimension: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setAccessibleName(f"Index in dimension {dimension}")
        box.setWrapping(True)
        box.valueChanged.connect(self._tell)
        self._row.insertWidget(dimension + 1, box)
        return box
