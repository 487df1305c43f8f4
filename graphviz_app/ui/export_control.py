"""Exporting: the menu of kinds, the question where to, and the work, which never blocks the window."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu, QWidget

    from graphviz_app.export.source import Source
    from graphviz_app.session.session import Session
    from graphviz_app.ui.documents import Documents
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts
    from graphviz_app.ui.post import Post


class ExportKind(NamedTuple):
    """One way to export: the file's suffix, what it is in words, and whether it shows one step."""

    suffix: str
    words: str
    of_step: bool


KINDS = (
    ExportKind(".svg", "Picture of this step (SVG), for papers and pages", of_step=True),
    ExportKind(".pdf", "Picture of this step (PDF), for printing", of_step=True),
    ExportKind(".png", "Picture of this step (PNG), as pixels", of_step=True),
    ExportKind(".gif", "Film of this pass (GIF), for slides", of_step=False),
    ExportKind(".mp4", "Film of this pass (MP4), as video", of_step=False),
    ExportKind(".html", "Page that steps through the run (HTML), for a browser", of_step=False),
    ExportKind(".dot", "Graph (DOT), for Graphviz", of_step=True),
    ExportKind(".csv", "Ledger of every .grad (CSV), for a spreadsheet", of_step=False),
    ExportKind(".json", "Everything (JSON), for scripts", of_step=False),
)
_PIXEL_SCALE = 2.0
"""Pictures of pixels are made for screens of today, and for paper."""


class ExportControl(QObject):
    """Asks where to, exports in a thread, says how far it is, and can be cancelled.

    Signals:
        finished: (path, sentence) where the file was written sentence is "", else why it was not.
    """

    finished = Signal(str, str)

    def __init__(
        self, window: QWidget, session: Session, documents: Documents, parts: Parts, post: Post, look: Look
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._documents = documents
        self._parts = parts
        self._post = post
        self._dark = look.dark
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Whether something is being exported."""
        return self._thread is not None

    def set_look(self, look: Look) -> None:
        """Pictures have the window's colours."""
        self._dark = look.dark

    def fill_menu(self, menu: QMenu) -> None:
        """Offer all kinds."""
        menu.clear()
        for kind in KINDS:
            menu.addAction(kind.words).triggered.connect(self._asker(kind.suffix))

    def ask(self, suffix: str = ".svg") -> None:
        """Ask where to, and export; the ending chosen there is the kind."""
        if self._session.recording is None:
            self._parts.message.show_message("There is nothing to export yet: press Run (F5).", kind="information")
            return
        filters = [f"{kind.words.partition(',')[0]} (*{kind.suffix})" for kind in KINDS]
        chosen = next(i for i, kind in enumerate(KINDS) if kind.suffix == suffix)
        file = self._documents.current.file
        name = f"{Path(self._session.recording.program.path).stem or 'program'}{suffix}"
        suggested = str((file.parent if file is not None else Path.home()) / name)
        path, used = QFileDialog.getSaveFileName(self._window, "Export", suggested, ";;".join(filters), filters[chosen])
        if path:
            ending = KINDS[filters.index(used)].suffix if used in filters else suffix
            self.export_to(Path(path) if Path(path).suffix else Path(path + ending))

    def export_to(self, path: Path) -> None:
        """Export to a file, in the background."""
        if self._session.recording is None or self.is_busy:
            return
        self._cancelled.clear()
        self._parts.status.set_work(f"Exporting {path.name} …")
        of_step = next((kind.of_step for kind in KINDS if kind.suffix == path.suffix.lower()), True)
        chapter = self._session.chapter
        work = _Work(
            path,
            self._source(),
            step=self._session.step if of_step else None,
            pass_id=None if chapter is None or of_step or chapter.pass_id < 0 else chapter.pass_id,
            theme="dark" if self._dark else "light",
            scale=_PIXEL_SCALE if path.suffix.lower() == ".png" else 1.0,
            progress=self._tell,
            cancelled=self._cancelled.is_set,
        )
        self._thread = threading.Thread(target=lambda: self._finish(path, *work.do()), name="export", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop exporting; nothing is written."""
        self._cancelled.set()

    def close(self) -> None:
        """Stop exporting and wait until it has stopped."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(10)

    def _source(self) -> Callable[[], Source]:
        recording, timeline, picture = self._session.recording, self._session.timeline, self._session.picture
        arrangement = self._session.arrangement
        assert recording is not None

        def make() -> Source:
            from graphviz_app.export.source import Source
            from graphviz_app.session.picture import picture_for

            def picture_of(index: int) -> object:
                if picture is not None and picture.chapter.index == index:
                    return picture
                return picture_for(recording, index, timeline=timeline, arrangement=arrangement)

            return Source(recording, timeline, picture_of)  # type: ignore[arg-type]

        return make

    def _tell(self, part: float) -> None:
        self._post(lambda: self._parts.status.set_work(f"Exporting, {part:.0%} done") if self.is_busy else None)

    def _finish(self, path: Path, sentence: str, remark: str) -> None:
        self._post(lambda: self._on_finished(path, sentence, remark))

    def _on_finished(self, path: Path, sentence: str, remark: str) -> None:
        self._thread = None
        self._parts.status.set_work("")
        if sentence:
            kind = "information" if self._cancelled.is_set() else "error"
            self._parts.message.show_message(sentence, kind=kind)
        else:
            self._parts.message.show_message(f"Exported to {path}{remark}.", kind="information")
        self.finished.emit(str(path), sentence)

    def _asker(self, suffix: str) -> Callable[[], None]:
        return lambda: self.ask(suffix)


class _Work(NamedTuple):
    """One export, ready to be done in any thread."""

    path: Path
    source: Callable[[], Source]
    step: int | None
    pass_id: int | None
    theme: str
    scale: float
    progress: Callable[[float], None]
    cancelled: Callable[[], bool]

    def do(self) -> tuple[str, str]:
        """Export; returns "" or a sentence that says why it could not be done, and a remark on how it was."""
        from graphviz_app.export.errors import ExportError
        from graphviz_app.export.export import export

        try:
            scale = export(
                self.source(),
                self.path,
                step=self.step,
                pass_id=self.pass_id,
                theme=self.theme,
                scale=self.scale,
                may_shrink=True,
                progress=self.progress,
                cancelled=self.cancelled,
            )
        except ExportError as error:
            return str(error), ""
        except Exception as error:  # noqa: BLE001 - a failed export must be said, not lost with its thread
            return f"The export failed: {type(error).__name__}: {error}.", ""
        if scale == self.scale:
            return "", ""
        return "", f", at {scale:.0%}: at {self.scale:.0%} the picture would be too large"
