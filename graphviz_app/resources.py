"""Finds the files that ship with the program: lessons, fonts, icons."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder under `resources/`.

    In an installed wheel `resources/` lies inside the package, in a checkout beside it.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    for root in (_PACKAGE / "resources", _PACKAGE.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"The program's own file resources/{'/'.join(parts)} is missing: install it again.")
