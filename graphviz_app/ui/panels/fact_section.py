"""A section of the inspector: a title that opens and closes the rows below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from graphviz_app.scene.numbers import FEW
from graphviz_app.ui.panels.fact_rows import RowWidget, widget_for
from graphviz_app.ui.panels.facts import Row, Section, Value
from graphviz_app.ui.panels.opener import Opener

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.ui.panels.formula_press import FormulaPress


class SectionWidget(QWidget):
    """Shows one `Section`; widgets of rows are used again as long as they are of the right kind.

    Signals:
        followed(object): A `Fact` or `Value` whose link was clicked.
        opened(str, bool): The title, and whether the section is now open.
        value_opened(str, bool): Title and name of a value, and whether it is now seen whole.
    """

    followed = Signal(object)
    opened = Signal(str, bool)
    value_opened = Signal(str, bool)

    def __init__(self, title: str, press: FormulaPress, parent: QWidget) -> None:
        super().__init__(parent)
        self.title = title
        self._press = press
        self._section: Section | None = None
        self._open_values: dict[str, bool] = {}
        self._rows: list[tuple[type, RowWidget]] = []
        self._spare: dict[type, list[RowWidget]] = {}
        self._header = Opener(self)
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # Titles are shortened rather than make the panel wider.
        self._header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._header.setToolTip(title)
        self._header.setAccessibleName(title)
        font = self._header.font()
        font.setBold(True)
        self._header.setFont(font)
        self._body = QWidget(self)
        self._layout = QVBoxLayout(self._body)
        em = self.fontMetrics().height()
        self._layout.setContentsMargins(round(em * 0.6), 0, 0, round(em * 0.5))
        self._layout.setSpacing(round(em * 0.3))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._header)
        rows.addWidget(self._body)
        self._header.clicked.connect(self._toggle)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As much of the title as fits."""
        super().resizeEvent(event)
        metrics = self._header.fontMetrics()
        room = self.width() - round(metrics.height() * 2.5)
        self._header.setText(metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, room))

    @property
    def is_open(self) -> bool:
        """Whether the rows are seen."""
        return self._header.isChecked()

    def show_section(self, section: Section, *, is_open: bool, open_values: dict[str, bool]) -> None:
        """Show other rows."""
        self._open_values = open_values
        if self._header.isChecked() != is_open or self._section is None:
            self._set_open(is_open)
        if section != self._section:
            self._section = section
            if is_open:
                self._fill()

    def refresh(self) -> None:
        """Show the same rows again, in the colours of another palette."""
        if self._section is not None and self.is_open:
            self._fill()

    def _fill(self) -> None:
        rows = () if self._section is None else self._section.rows
        for place, row in enumerate(rows):
            widget = self._widget(place, row)
            widget.show_row(row, is_open=self._is_open(place, row))
            widget.setVisible(True)
        for _, widget in self._rows[len(rows) :]:
            widget.setVisible(False)

    def _widget(self, place: int, row: Row) -> RowWidget:
        """The widget at a place, made anew where the one there is for another kind of row."""
        if place < len(self._rows) and self._rows[place][0] is type(row):
            return self._rows[place][1]
        widget = self._spare_or_new(row)
        if place < len(self._rows):
            kind, old = self._rows[place]
            self._layout.replaceWidget(old, widget)
            old.setVisible(False)
            self._spare.setdefault(kind, []).append(old)
            self._rows[place] = (type(row), widget)
        else:
            self._layout.addWidget(widget)
            self._rows.append((type(row), widget))
        return widget

    def _spare_or_new(self, row: Row) -> RowWidget:
        """Making one takes milliseconds, and kinds of rows change places from step to step."""
        spare = self._spare.get(type(row))
        if spare:
            return spare.pop()
        widget = widget_for(row, self._body, self._press)
        widget.followed.connect(self.followed)
        widget.toggled.connect(self._tell_opened)
        return widget

    def _tell_opened(self, name: str, is_open: bool) -> None:
        self.value_opened.emit(f"{self.title}/{name}", is_open)

    def _is_open(self, place: int, row: Row) -> bool | None:
        if not isinstance(row, Value):
            return None
        wish = self._open_values.get(f"{self.title}/{row.name}")
        return self._deserves_a_look(place, row.record) if wish is None else wish

    def _deserves_a_look(self, place: int, record: TensorRecord | None) -> bool:
        """The first value that does not fit in a line is shown whole without being asked to."""
        rows = () if self._section is None else self._section.rows
        first = next((at for at, row in enumerate(rows) if isinstance(row, Value) and _is_large(row.record)), None)
        return _is_large(record) and place == first

    def _toggle(self, checked: bool) -> None:
        self._set_open(checked)
        self._fill()
        self.opened.emit(self.title, checked)

    def _set_open(self, is_open: bool) -> None:
        self._header.setChecked(is_open)
        self._body.setVisible(is_open)
        if is_open:
            self._fill()


def _is_large(record: TensorRecord | None) -> bool:
    return record is not None and record.numel > FEW
