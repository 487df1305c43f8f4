"""What is to be run: how it was typed, and where its main file lies, looked for as Python is going to do it.

Nothing of the program is run for that: of a module in packages, what these would do to their own paths is not known. If
the main file is not found here, or another one, the program runs all the same; the reader sees another text.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_app.commands.program import read_program, working_directory
from graphviz_app.protocol.command_line import is_path_safe, whole_path

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAIN = "__main__"


@dataclass(frozen=True)
class Target:
    """What follows a command.

    Attributes:
        typed: A file, a folder or an archive, or a module.
        is_module: Whether it is one.
    """

    typed: str
    is_module: bool = False

    @property
    def is_container(self) -> bool:
        """Whether it is a folder or an archive, in which Python looks for a `__main__`."""
        return not self.is_module and pkgutil.get_importer(_absolute(self.typed)) is not None

    @property
    def stem(self) -> str:
        """What a file that is made of it is called, without the ending."""
        return self.typed.rpartition(".")[2] if self.is_module else Path(os.path.abspath(self.typed)).stem  # noqa: PTH100


@dataclass(frozen=True)
class Main:
    """A program's main file.

    Attributes:
        path: Its path; of what Python looks for itself the whole one, or what was typed where it was not found.
        source: Its text.
        module: What follows `-m`.
        container: The folder or the archive that it is in, where that was typed.
        before: The texts of the packages' files that run before it.
    """

    path: str
    source: str
    module: str = ""
    container: str = ""
    before: tuple[str, ...] = ()


def find_main(target: Target) -> Main:
    """The main file of what is to be run.

    Raises:
        CommandError: If a file was named that cannot be read.
    """
    if target.is_module:
        # Under `-P` and `-I` Python does not look into the working directory.
        first = [] if is_path_safe() else [working_directory()]
        specs = _specs(target.typed, [*first, *sys.path])
        return Main(*_text(target.typed, specs), module=target.typed, before=tuple(map(_source, specs[:-1])))
    if target.is_container:
        specs = _specs(_MAIN, [_absolute(target.typed), *sys.path])
        return Main(*_text(target.typed, specs), container=target.typed)
    return Main(target.typed, read_program(Path(target.typed)))


def _absolute(path: str) -> str:
    return path if os.path.isabs(path) else whole_path(path, working_directory())  # noqa: PTH117


def _text(typed: str, specs: Sequence[ModuleSpec]) -> tuple[str, str]:
    return (specs[-1].origin or typed, _source(specs[-1])) if specs else (typed, "")


def _specs(name: str, path: Sequence[str]) -> list[ModuleSpec]:
    """The packages that a module is in, outermost first, and it; nothing where one of them is not found."""
    found: list[ModuleSpec] = []
    parts = name.split(".")
    if not all(parts):
        return []
    while parts:
        full = ".".join([*(spec.name for spec in found[-1:]), parts.pop(0)])
        spec = _spec(full, path)
        if spec is None:
            return []
        found.append(spec)
        within = spec.submodule_search_locations
        if not parts and within is not None and full.rpartition(".")[2] != _MAIN:
            # A package is run by what it has of this name.
            parts = [_MAIN]
        path = within or []
    return found


def _spec(name: str, path: Sequence[str]) -> ModuleSpec | None:
    """Where a module lies, without loading the packages that it is in, which Python's own functions for this do."""
    portions: list[str] = []
    for entry in path:
        finder: Any = pkgutil.get_importer(entry)
        spec: ModuleSpec | None = finder.find_spec(name) if hasattr(finder, "find_spec") else None
        if spec is not None and spec.loader is not None:
            return spec
        portions += [] if spec is None else spec.submodule_search_locations or []
    if portions:
        package = ModuleSpec(name, None, is_package=True)
        package.submodule_search_locations = portions
        return package
    others = [finder for finder in sys.meta_path if finder is not PathFinder]
    # Installed from a folder that is worked on, it is found in ways of their own.
    found = (finder.find_spec(name, path) for finder in others)
    return next((spec for spec in found if spec is not None and spec.has_location), None)


def _source(spec: ModuleSpec) -> str:
    loader: Any = spec.loader
    try:
        return loader.get_source(spec.name) or "" if hasattr(loader, "get_source") else ""
    except (ImportError, SyntaxError, UnicodeDecodeError):
        # The program will be told.
        return ""
