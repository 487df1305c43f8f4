"""Draws the screenshots in docs/pictures again: the real window on three lessons, light and dark, at 1x and 2x.

`make pictures`; each program really runs. Draws offscreen where there is no display.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
LESSONS = {"chain_rule": 3, "keeping_operations_out": 6, "gradient_descent": 10}
"""Which lessons, and how many steps after the first sight."""
SIZE = (1360, 860)


def main() -> None:
    """Draw everything, each scale in a process of its own, because Qt reads it once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, help=argparse.SUPPRESS)
    scale = parser.parse_args().scale
    if scale is not None:
        draw(scale)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for wanted in (1, 2):
        environment = {**os.environ, "QT_SCALE_FACTOR": str(wanted)}
        if not environment.get("DISPLAY"):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        command = [sys.executable, __file__, "--scale", str(wanted)]
        subprocess.run(command, env=environment, check=True, timeout=300)


def draw(scale: int) -> None:
    """Draw all pictures at the scale that this process runs at."""
    from PySide6.QtCore import QEventLoop

    from graphviz_app.app import make_application, make_window
    from graphviz_app.lessons import find_lesson

    application = make_application()
    with tempfile.TemporaryDirectory() as state:
        window = make_window(state=Path(state))
        window.resize(*SIZE)
        window.open_text()
        window.show()
        window.start()

        def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
            end = time.monotonic() + seconds
            while not condition() and time.monotonic() < end:
                application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

        def rest(seconds: float) -> None:
            end = time.monotonic() + seconds
            wait(lambda: time.monotonic() > end)

        window.view.set_reduced_motion(True)
        session = window.bench.session
        for lesson, steps in LESSONS.items():
            window.files.open_lesson(find_lesson(lesson))
            window.trigger("run")
            wait(lambda: session.picture is not None and not session.is_running)
            for _ in range(steps):
                window.trigger("forward")
            # Formulas are printed and tiles painted in the background.
            window.arrangement.side.setCurrentIndex(0 if lesson == "keeping_operations_out" else 1)
            rest(2.5)
            for theme in ("light", "dark"):
                window.view.set_theme(theme)
                rest(1.0)
                window.grab().save(str(FOLDER / f"{lesson}_{theme}_{scale}x.png"))
            window.view.set_theme("light")
        window.close()


if __name__ == "__main__":
    main()
