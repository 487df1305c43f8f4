"""Turns LaTeX into drawings, away from the window's thread, and keeps them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from queue import SimpleQueue

from PySide6.QtCore import QObject, QTimer, Signal

_KEPT = 256
_LOOK_EVERY = 25
"""Milliseconds."""


class FormulaPress(QObject):
    """Prints formulas with ziamath, which takes more than half a second to import and 40 to 190 ms a formula.

    The thread that prints knows nothing of Qt: it takes orders from one queue and puts drawings into another, into
    which the window looks as long as something is ordered. So neither ever waits for the other.

    Signals:
        printed(str, str): A formula's LaTeX and its SVG; "" where it could not be drawn.
    """

    printed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._drawings: OrderedDict[str, str] = OrderedDict()
        self._asked: set[str] = set()
        self._orders: SimpleQueue[str | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_EVERY)
        self._look.timeout.connect(self._collect)
        self.destroyed.connect(partial(self._orders.put, None))

    def has(self, latex: str) -> bool:
        """Whether a formula is printed already."""
        return latex in self._drawings

    def drawing(self, latex: str) -> str | None:
        """The SVG of a formula in black, or None while it is not printed yet: `printed` will tell."""
        if latex in self._drawings:
            self._drawings.move_to_end(latex)
            return self._drawings[latex]
        if latex not in self._asked:
            self._asked.add(latex)
            self._start()
            self._orders.put(latex)
            self._look.start()
        return None

    def close(self) -> None:
        """Send the thread home, and wait for the formula that it is printing."""
        self._look.stop()
        self._orders.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            arguments = (self._orders, self._done)
            # A daemon: who closes the window does not wait for a formula.
            self._thread = threading.Thread(target=_print_all, args=arguments, name="formula press", daemon=True)
            self._thread.start()

    def _collect(self) -> None:
        while not self._done.empty():
            latex, svg = self._done.get()
            self._asked.discard(latex)
            self._drawings[latex] = svg
            if len(self._drawings) > _KEPT:
                self._drawings.popitem(last=False)
            self.printed.emit(latex, svg)
        if not self._asked:
            self._look.stop()


def _print_all(orders: SimpleQueue[str | None], done: SimpleQueue[tuple[str, str]]) -> None:
    while (latex := orders.get()) is not None:
        done.put((latex, draw(latex)))


def draw(latex: str, size: float = 32.0) -> str:
    """The SVG of a formula in black; "" where ziamath does not understand it."""
    try:
        from ziamath.config import config
        from ziamath.zmath import Latex

        # With SVG 2, Qt's renderer draws the glyphs in the wrong places.
        config.svg2 = False
        return Latex(latex, size=size).svg()
    except Exception:  # noqa: BLE001 - a parser of somebody else's: a formula that fails is shown as text
        return ""
