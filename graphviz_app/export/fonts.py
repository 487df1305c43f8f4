"""The picture font in the forms that files need: subsets to embed, and plain copies to rasterise with.

The font's ligatures ("->" as one arrow) are left out everywhere: a picture of code shows the characters of the code.
"""

from __future__ import annotations

import atexit
import io
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_app.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILES = {False: "JetBrainsMono-Regular.ttf", True: "JetBrainsMono-Bold.ttf"}


def font_path(*, bold: bool) -> Path:
    """Where the picture font ships."""
    return resource("fonts", _FILES[bold])


@lru_cache(maxsize=32)
def subset_woff(characters: frozenset[str], *, bold: bool) -> bytes:
    """The picture font with these characters alone, as a WOFF file."""
    return _subset(characters, bold=bold, flavor="woff")


@lru_cache(maxsize=1)
def covered_characters() -> frozenset[int]:
    """The code points that the picture font can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(font_path(bold=False), lazy=True) as font:
        return frozenset(font.getBestCmap() or {})


def covers(texts: Iterable[str]) -> bool:
    """Whether the picture font can draw all of these texts."""
    known = covered_characters()
    return all(ord(character) in known for text in texts for character in text)


def drawable(text: str) -> str:
    """The text with what the picture font cannot draw replaced by U+FFFD."""
    known = covered_characters()
    return "".join(character if ord(character) in known else "\ufffd" for character in text)


@lru_cache(maxsize=1)
def plain_font_files() -> tuple[str, ...]:
    """Paths of the picture font without ligatures, for rasterisers; they live as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="graphviz-app-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    paths: list[str] = []
    everything = frozenset(map(chr, covered_characters()))
    for bold, name in _FILES.items():
        path = folder / name
        path.write_bytes(_subset(everything, bold=bold, flavor=None))
        paths.append(str(path))
    return tuple(paths)


def _subset(characters: frozenset[str], *, bold: bool, flavor: str | None) -> bytes:
    # Imported late: it takes longer than most exports.
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options: Any = subset.Options()
    options.drop_tables += ["GSUB", "GPOS", "GDEF"]
    options.bidi_closure = False
    options.notdef_outline = True
    options.hinting = flavor is None
    # Family names, and the licence, which must travel with the font.
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    with TTFont(font_path(bold=bold), lazy=True) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(characters)))
        subsetter.subset(font)
        font.flavor = flavor
        stream = io.BytesIO()
        font.save(stream, reorderTables=False)
        return stream.getvalue()
