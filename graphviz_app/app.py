"""The composition root of the window: what is made, in which order, and what happens when the app itself fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.qtcheck import window_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from PySide6.QtWidgets import QApplication

    from graphviz_app.session.session import Session
    from graphviz_app.ui.window import MainWindow


def main(argv: list[str] | None = None) -> int:
    """Open the window, on the files that are named.

    Args:
        argv: What follows the command's name; by default that of this process.

    Returns:
        The exit status: 0 when the window was closed, 2 where none could be opened.
    """
    problem = window_problem()
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return 2
    return run(argv)


def run(argv: list[str] | None = None) -> int:
    """As `main`, where it is known that a window can be opened."""
    paths = tuple(Path(argument) for argument in (sys.argv[1:] if argv is None else argv))
    from graphviz_app.ui.garbage import GarbageCollector

    application = make_application()
    garbage = GarbageCollector(application)
    window = make_window()
    window.open_text()

    def start() -> None:
        _show_failures_in(window)
        window.start(paths)
        garbage.follow(window.bench.session)

    window.shown.connect(start)
    window.show()
    status = application.exec()
    garbage.close()
    return status


def make_application() -> QApplication:
    """The one QApplication, with our name, fonts and style."""
    from PySide6.QtWidgets import QApplication

    from graphviz_app.ui.settings import APP_NAME
    from graphviz_app.ui.theme import load_fonts

    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName(APP_NAME)
    application.setApplicationDisplayName("")
    # Changing the style of widgets that are there already is slow, and needless where it is Fusion anyway.
    if application.style().objectName().lower() != "fusion":
        application.setStyle("Fusion")
    load_fonts()
    return application


def make_window(*, state: Path | None = None) -> MainWindow:
    """The window with everything behind it.

    Args:
        state: A folder for settings, drafts and recordings; by default the platform's places.
    """
    from graphviz_app.ui.autosave import DraftStore
    from graphviz_app.ui.post import Post
    from graphviz_app.ui.settings import Settings
    from graphviz_app.ui.window import MainWindow

    def make_session(post: Post) -> Session:
        from graphviz_app.session.recordings import RecordingFolder
        from graphviz_app.session.session import Session

        return Session(post, folder=RecordingFolder(None if state is None else state / "recordings"))

    settings = Settings(None if state is None else state / "settings.ini")
    drafts = DraftStore(None if state is None else state / "drafts")
    return MainWindow(make_session, Post(), settings, drafts)


def _show_failures_in(window: MainWindow) -> None:
    """From now on, an error of the app itself is a sentence in the window and a page in the log, never its end."""
    log, path = _open_log()

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        import traceback

        from graphviz_app.recording import RecordingError

        if issubclass(kind, RecordingError):
            # A file was damaged where nobody had looked yet, or since.
            window.show_internal_error(str(error), "")
            return
        log("".join(traceback.format_exception(kind, error, trace)))
        where = "" if path is None else f" Details are in {path}."
        sentence = f"Something went wrong in this app itself; your program and its recording are safe.{where}"
        window.show_internal_error(sentence, "".join(traceback.format_exception_only(kind, error)).strip())

    sys.excepthook = show


def _open_log() -> tuple[Callable[[str], object], Path | None]:
    """What writes to the log, and where that is; None where no log can be written."""
    import logging
    from logging.handlers import RotatingFileHandler

    from platformdirs import user_log_path

    from graphviz_app.ui.settings import APP_NAME

    logger = logging.getLogger("graphviz_app")
    try:
        path = user_log_path(APP_NAME, appauthor=False, ensure_exists=True) / "window.log"
        logger.addHandler(RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True))
    except OSError:
        return logger.error, None
    return logger.error, path


if __name__ == "__main__":
    sys.exit(main())
