"""The two things that are asked for and stand in a box: all keys, and what this program is."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout

from graphviz_app import __version__
from graphviz_app.ui.actions import MENUS, TABLE

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SHOWN_VERSIONS = ("torch", "PySide6-Essentials", "pygraphviz", "networkx", "numpy")
_PICTURE_KEYS = (
    ("Drag, wheel", "Move and zoom the graph"),
    ("+, −, 1, 0", "Zoom in, out, to 100 %, and to the whole graph, with the keyboard in it"),
    ("Tab, Shift+Tab", "Go from box to box, with the keyboard in the graph"),
    ("Enter", "Open or close the selected group"),
)


def show_keys(parent: QWidget) -> None:
    """All keys, by menu."""
    parts: list[str] = []
    for menu in MENUS:
        rows = [(_keys(spec.keys), spec.help) for spec in TABLE if spec.menu == menu and spec.keys]
        parts.append(f"<h3>{menu}</h3>{_rows(rows)}")
    parts.append(f"<h3>Graph</h3>{_rows(list(_PICTURE_KEYS))}")
    note = (
        "<p>Plain keys such as Space and the arrows belong to the editor while you write there; F10 always steps.</p>"
    )
    _show(parent, "Keyboard", "".join([note, *parts]), 520, 560)


def show_about(parent: QWidget) -> None:
    """Versions and licences."""
    rows = [("Autograd Visualizer", __version__), ("Python", platform.python_version())]
    rows += [(name, _version(name)) for name in _SHOWN_VERSIONS]
    text = (
        "<p>See PyTorch's <code>backward()</code> happen, step by step, with the values on the edges.</p>"
        f"{_rows(rows)}<p>MIT licence. The fonts Inter and JetBrains Mono are under the SIL Open Font Licence.</p>"
    )
    _show(parent, "About Autograd Visualizer", text, 420, 340)


def _show(parent: QWidget, title: str, html: str, width: int, height: int) -> None:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    text = QTextBrowser()
    text.setHtml(html)
    text.setAccessibleName(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.resize(width, height)
    # Not `exec`: the window goes on while the help is read.
    dialog.open()


def _rows(rows: list[tuple[str, str]]) -> str:
    left = "<td style='font-weight: 600'>{}&nbsp;&nbsp;&nbsp;</td>"
    cells = "".join(f"<tr>{left.format(name)}<td>{value}</td></tr>" for name, value in rows)
    return f"<table cellpadding='3'>{cells}</table>"


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
