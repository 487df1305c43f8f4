"""One function that writes any format; the ending of the file's name says which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.export.csv import csv_chunks
from graphviz_app.export.errors import ExportCancelled, ExportError
from graphviz_app.export.files import check_writable, write_chunks
from graphviz_app.export.formats import format_of
from graphviz_app.export.json import json_chunks
from graphviz_app.export.source import Source, last_picture_step
from graphviz_app.scene.theme import THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphviz_app.recording import Recording


def export(
    source: Recording | Source,
    path: str | Path,
    *,
    step: int | None = None,
    pass_id: int | None = None,
    theme: str | Theme = "light",
    scale: float = 1.0,
    may_shrink: bool = False,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> float:
    """Write a recording, or a picture of it, to a file, and return the scale at which it was made.

    Args:
        source: What to write; a `Source` where pictures are to be as somebody arranged them.
        path: Where to; its ending is the format.
        step: The moment to show; by default the end of the pass. A film ends there.
        pass_id: The pass to show; by default the last. A step has precedence.
        theme: "light", "dark", or a theme.
        scale: Pixels of the file to a pixel at 100 %.
        may_shrink: Whether a picture of pixels that would be too large is made at the largest scale that is possible.
        progress: Called with what part is done, 0 to 1.
        cancelled: Asked now and then; when it says yes nothing is written.

    Raises:
        ExportError: If the file cannot be made or written; what was there before is still there.
        ExportCancelled: If `cancelled` said yes.
    """
    path = Path(path)
    wanted = format_of(path)
    if not 0 < scale <= 100:
        raise ExportError(f"A scale of {scale} is not possible: choose one above 0 and up to 100.")
    check_writable(path)
    work = _Export(
        source if isinstance(source, Source) else Source(source),
        step,
        pass_id,
        _theme(theme),
        scale,
        progress,
        cancelled,
        may_shrink=may_shrink,
    )
    write_chunks(path, work.chunks(wanted.extension))
    work.tell(1.0)
    return work.scale


def _theme(theme: str | Theme) -> Theme:
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ExportError(f"There is no theme {theme}. There are: {', '.join(THEMES)}.")
    return THEMES[theme]


class _Export:
    """One export.

    Attributes:
        scale: Pixels of the file to a pixel at 100 %.
    """

    def __init__(
        self,
        source: Source,
        step: int | None,
        pass_id: int | None,
        theme: Theme,
        scale: float,
        progress: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
        *,
        may_shrink: bool,
    ) -> None:
        self._source = source
        self._chapter = source.chapter(step, pass_id)
        self._step = last_picture_step(self._chapter, source.timeline) if step is None else step
        self._theme = theme
        self.scale = scale
        self._may_shrink = may_shrink
        self._progress = progress
        self._cancelled = cancelled

    def tell(self, part: float) -> None:
        """Pass on progress, and stop where the user wants to."""
        if self._cancelled is not None and self._cancelled():
            raise ExportCancelled("The export was cancelled; nothing was written.")
        if self._progress is not None:
            self._progress(min(part, 1.0))

    def chunks(self, extension: str) -> Iterator[bytes]:
        """The content of the file."""
        self.tell(0.0)
        match extension:
            case ".json":
                yield from self._text(json_chunks(self._source.recording, self._source.timeline))
            case ".csv":
                yield from self._text(csv_chunks(self._source.recording, self._source.timeline))
            case ".html":
                from graphviz_app.export.html import html_chunks

                yield from self._text(html_chunks(self._source, self._theme, self._chapter, self._step, self.tell))
            case ".gif" | ".mp4":
                yield self._film(extension)
            case _:
                yield self._still(extension)

    def _text(self, parts: Iterator[str]) -> Iterator[bytes]:
        recording = self._source.recording
        # About as many pieces as there are things to write down.
        total = len(recording) + len(recording.index.nodes) + len(recording.index.edges) + 1
        for number, part in enumerate(parts):
            self.tell(0.99 * min(number / total, 1.0))
            yield part.encode("utf-8")

    def _film(self, extension: str) -> bytes:
        from graphviz_app.export.film import film_pictures, gif_bytes, mp4_bytes, shots

        planned = shots(self._source, self._chapter.first_step, self._step)
        # The palette or the encoder still has work to do when the last picture is there.
        pictures = film_pictures(self._source, planned, self._theme, self.scale, lambda part: self.tell(0.9 * part))
        return gif_bytes(pictures) if extension == ".gif" else mp4_bytes(pictures)

    def _still(self, extension: str) -> bytes:
        if extension == ".dot":
            from graphviz_app.export.dot import dot_text

            return dot_text(self._source.timeline, self._step, self._theme).encode("utf-8")
        drawing = self._source.drawing(self._step, self._theme)
        match extension:
            case ".svg":
                from graphviz_app.export.svg import svg_text

                return svg_text(drawing, scale=self.scale).encode("utf-8")
            case ".png":
                from graphviz_app.export.png import largest_scale, png_bytes

                if self._may_shrink:
                    self.scale = min(self.scale, largest_scale(drawing))
                return png_bytes(drawing, scale=self.scale)
            case ".pdf":
                from graphviz_app.export.pdf import pdf_bytes

                return pdf_bytes(drawing, scale=self.scale)
            case _:
                raise AssertionError(f"{extension} is listed among the formats, but nothing writes it.")
