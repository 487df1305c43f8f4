"""The formats that there are, by the ending of a file's name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from graphviz_app.export.errors import ExportError

Shows = Literal["step", "pass", "run"]


class Format(NamedTuple):
    """One format.

    Attributes:
        extension: With its dot, lower case.
        name: For people.
        shows: "step" for a picture of one moment, "pass" for one pass, "run" for all of the recording.
    """

    extension: str
    name: str
    shows: Shows


FORMATS: dict[str, Format] = {
    made.extension: made
    for made in (
        Format(".svg", "SVG picture", "step"),
        Format(".png", "PNG picture", "step"),
        Format(".pdf", "PDF page", "step"),
        Format(".dot", "Graphviz DOT", "step"),
        Format(".gif", "GIF film", "pass"),
        Format(".mp4", "MP4 film", "pass"),
        Format(".html", "HTML player", "run"),
        Format(".csv", "Ledger as CSV", "run"),
        Format(".json", "Recording as JSON", "run"),
    )
}


def format_of(path: str | Path) -> Format:
    """The format that a path asks for by its ending.

    Raises:
        ExportError: If there is none such; the message lists those that there are.
    """
    extension = Path(path).suffix.lower()
    if extension in FORMATS:
        return FORMATS[extension]
    known = ", ".join(FORMATS)
    what = f"The ending {extension}" if extension else f"The name {Path(path).name!r} has no ending, and"
    if not extension:
        raise ExportError(f"{what} the ending says which format to write. Known are: {known}.")
    raise ExportError(f"{what} is not known. Known are: {known}.")
