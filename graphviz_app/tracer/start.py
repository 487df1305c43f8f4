"""How Python is asked to start a program: by a file, by `-m` and a module, by a folder or an archive."""

from __future__ import annotations

import os
from dataclasses import dataclass

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.protocol.command_line import is_path_safe, whole_path
from graphviz_app.tracer.places import is_of_library

_MAIN = "__main__"


@dataclass(frozen=True)
class Start:
    """How a program is started.

    Attributes:
        words: What follows Python's own options on the command line, without the program's arguments.
        argument: What `sys.argv[0]` is as the program begins.
        file: Its main file; what was typed where nobody could know which one it is.
        folder: The user's own folder; code elsewhere is a library's.
        first: What stands on the path to import from before all else.
        module: As what Python looks for the main module; "" where it runs the file's text itself.
    """

    words: tuple[str, ...]
    argument: str
    file: str
    folder: str
    first: tuple[str, ...]
    module: str = ""

    @property
    def names_file(self) -> bool:
        """Whether Python puts the main module's file into `sys.argv[0]` when it has found it."""
        return self.module != _MAIN or self.argument == "-m"

    @property
    def package(self) -> str:
        """The package from which a module imports by names that begin with a dot."""
        return self.module if _is_package(self.module, self.file) else self.module.rpartition(".")[0]


def start_of(path: str, directory: str, *, module: str = "", container: str = "") -> Start:
    """How a program is started.

    Args:
        path: Its main file.
        directory: The working directory.
        module: What follows `-m`.
        container: The folder or the archive, as it was typed.
    """
    if container:
        # Python looks there even where it must not look into the program's folder (`-P`, `-I`).
        folder = whole_path(container, directory)
        return Start((container,), container, path or container, folder, (folder,), _MAIN)
    if module:
        folder = _folder_of_module(module, path, directory)
        return Start(("-m", module), "-m", path or module, folder, () if is_path_safe() else (directory,), module)
    # `python sub/program.py` makes `__file__` absolute and leaves `sys.argv[0]` as it was typed.
    file = path if path.startswith("<") else whole_path(path, directory)
    folder = os.path.dirname(os.path.realpath(file))  # noqa: PTH120 - as CPython computes it
    return Start((path,), path, file, folder, () if is_path_safe() else (folder,))


def _folder_of_module(name: str, file: str, directory: str) -> str:
    """The working directory, and the outermost package's folder where the module lies elsewhere and is no library's."""
    real = os.path.realpath(file)
    if not file or is_of_library(real) or real.startswith(os.path.realpath(directory).rstrip(os.sep) + os.sep):
        return directory
    parts = name.split(".")
    folder = file
    for _ in parts[_is_package(name, file) ^ 1 :] or parts:
        folder = os.path.dirname(folder)  # noqa: PTH120
    return folder


def _is_package(name: str, file: str) -> bool:
    return os.path.basename(file).startswith(f"{_MAIN}.") and name.rpartition(".")[2] != _MAIN  # noqa: PTH119
