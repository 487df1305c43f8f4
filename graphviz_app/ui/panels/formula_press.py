"""Turns LaTeX into drawings, away from the window's thread, and keeps them."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

_KEPT = 256


class FormulaPress(QObject):
    """Prints formulas with ziamath, which takes more than half a second to import and 40 to 190 ms a formula.

    Signals:
        printed(str, str): A formula's LaTeX and its SVG; "" where it could not be drawn.
    """

    printed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._drawings: OrderedDict[str, str] = OrderedDict()
        self._asked: set[str] = set()
        # One thread: ziamath keeps its fonts and settings in globals.
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self.printed.connect(self._keep)

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
            self._pool.start(_Job(self, latex))
        return None

    def close(self) -> None:
        """Forget what is waiting, and wait for what is being printed."""
        self._pool.clear()
        self._pool.waitForDone()

    def _keep(self, latex: str, svg: str) -> None:
        self._asked.discard(latex)
        self._drawings[latex] = svg
        if len(self._drawings) > _KEPT:
            self._drawings.popitem(last=False)


class _Job(QRunnable):
    def __init__(self, press: FormulaPress, latex: str) -> None:
        super().__init__()
        self._press = press
        self._latex = latex

    def run(self) -> None:
        self._press.printed.emit(self._latex, draw(self._latex))


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
