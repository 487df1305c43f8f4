"""The style sheet: only what palettes cannot say, such as flat tool buttons and thin splitters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.ui.look import Look

_TEMPLATE = """
QMainWindow, QMainWindow > QWidget {{ background: {window}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {border}; padding: {small}px; }}
QMenuBar {{ background: {window}; color: {text}; }}
QMenuBar::item {{ background: transparent; padding: {tiny}px {medium}px; }}
QMenuBar::item:selected {{ background: {raised}; border-radius: {small}px; }}
QMenu {{ background: {panel}; color: {text}; border: 1px solid {border}; padding: {small}px; }}
QMenu::item {{ padding: {small}px {wide}px {small}px {wide}px; border-radius: {small}px; }}
QMenu::item:selected {{ background: {accent}; color: {accent_text}; }}
QMenu::item:disabled {{ color: {dim}; }}
QMenu::separator {{ height: 1px; background: {border}; margin: {small}px; }}
QToolBar {{ background: {window}; border: none; spacing: {tiny}px; padding: {small}px; }}
QToolBar::separator {{ background: {border}; width: 1px; margin: {small}px; }}
QToolButton {{ background: transparent; color: {text}; border: 1px solid transparent; border-radius: {small}px;
    padding: {small}px; }}
QToolButton:hover {{ background: {raised}; border-color: {border}; }}
QToolButton:pressed, QToolButton:checked {{ background: {border}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton:disabled {{ color: {dim}; }}
QToolButton#run {{ background: {accent}; color: {accent_text}; padding: {small}px {medium}px; font-weight: 600; }}
QToolButton#run:disabled {{ background: {border}; color: {dim}; }}
QToolButton#run:hover:enabled {{ border-color: {text}; }}
QToolButton::menu-indicator {{ image: none; }}
QSplitter::handle {{ background: {window}; }}
QSplitter::handle:hover {{ background: {accent}; }}
QTabWidget::pane {{ border: none; background: {panel}; }}
QTabBar {{ background: {window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {dim}; padding: {small}px {medium}px; border: none;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QPlainTextEdit, QTextBrowser {{ background: {panel}; color: {text}; border: none;
    selection-background-color: {accent}; selection-color: {accent_text}; }}
QLineEdit {{ background: {panel}; color: {text}; border: 1px solid {border};
    border-radius: {small}px; padding: {tiny}px {small}px; }}
QLineEdit:focus {{ border-color: {accent}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
QScrollBar {{ background: transparent; margin: 0; }}
QScrollBar:vertical {{ width: {bar}px; }}
QScrollBar:horizontal {{ height: {bar}px; }}
QScrollBar::handle {{ background: {border}; border: {tiny}px solid {panel}; border-radius: {small}px; }}
QScrollBar::handle:hover {{ background: {dim}; }}
QScrollBar::handle:vertical {{ min-height: {thumb}px; }}
QScrollBar::handle:horizontal {{ min-width: {thumb}px; }}
QAbstractScrollArea::corner {{ background: {panel}; border: none; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QPushButton {{ background: {raised}; color: {text}; border: 1px solid {border}; border-radius: {small}px;
    padding: {small}px {medium}px; }}
QPushButton:hover, QPushButton:focus {{ border-color: {accent}; }}
QCheckBox {{ spacing: {small}px; }}
QCheckBox::indicator {{ width: {check}px; height: {check}px; border: 1px solid {dim}; border-radius: {tiny}px;
    background: {panel}; }}
QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:checked {{ background: {accent}; border: {tiny}px solid {panel}; outline: none; }}
QLabel#panelTitle {{ color: {dim}; padding: {small}px {medium}px; font-weight: 600; }}
QLabel#dim {{ color: {dim}; }}
QLabel#note {{ color: {text}; background: {raised}; padding: {small}px {medium}px; }}
QStatusBar {{ background: {window}; color: {text}; }}
QStatusBar::item {{ border: none; }}
QProgressBar {{ background: {panel}; border: 1px solid {border}; border-radius: {small}px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: {small}px; }}
"""


_LENGTHS = {"tiny": 2, "small": 4, "medium": 8, "check": 12, "bar": 12, "wide": 18, "thumb": 28}


def style_sheet(look: Look) -> str:
    """The style sheet in the look's colours and lengths."""
    lengths = {name: look.pixels(length) for name, length in _LENGTHS.items()}
    return _TEMPLATE.format(**look.colours._asdict(), **lengths)
