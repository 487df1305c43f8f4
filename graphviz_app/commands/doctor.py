"""`graphviz-app doctor`: what is installed, what is missing, and how to mend it; works when nothing else does."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import graphviz_app
from graphviz_app import libraries, qtcheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Health = Literal["ok", "note", "missing"]

_BROKEN_QT = "6.12.0"
_TORCH_SECONDS = 120
_INSTALL_GRAPHVIZ = "pip install 'pygraphviz>=2.0' (its wheels carry Graphviz)"
_PACKAGES = {
    # distribution: (module, what it is for)
    "msgspec": ("msgspec", "reads and writes recordings"),
    "numpy": ("numpy", "values and columns"),
    "ml-dtypes": ("ml_dtypes", "bfloat16 and fp8 values"),
    "typing_extensions": ("typing_extensions", "types"),
    "networkx": ("networkx", "the graph"),
    "graphviz": ("graphviz", "DOT text"),
    "Pygments": ("pygments", "colours in the editor"),
    # Not imported here: it loads Qt.
    "pyqtgraph": ("", "plots"),
    "ziamath": ("ziamath", "formulas"),
    "Pillow": ("PIL", "GIF films"),
    "resvg_py": ("resvg_py", "PNG pictures"),
    "reportlab": ("reportlab", "PDF pages"),
    "platformdirs": ("platformdirs", "where settings are kept"),
    "psutil": ("psutil", "memory of running programs"),
    "rich": ("rich", "tables in the terminal"),
}
_OPTIONAL = {"av": ("av", "MP4 films", "pip install 'graphviz-app[film]'")}


class Finding(NamedTuple):
    """One thing looked at.

    Attributes:
        name: What.
        health: "ok", "note" (works, but something is worth knowing) or "missing".
        found: What is there, in words.
        remedy: What to do about it, or "".
    """

    name: str
    health: Health
    found: str
    remedy: str = ""


def doctor() -> int:
    """Print what is installed.

    Returns:
        0 where everything needed is there, else 1.
    """
    findings = list(examine())
    write: Callable[[list[Finding]], None] = _write_table
    try:
        importlib.import_module("rich.table")
    except ImportError:
        write = _write_plainly
    write(findings)
    missing = [finding for finding in findings if finding.health == "missing"]
    if not missing:
        sys.stdout.write("Everything that is needed is there.\n")
        return 0
    sys.stdout.write("To mend:\n")
    for finding in missing:
        sys.stdout.write(f"  {finding.name}: {finding.remedy}\n")
    return 1


def examine() -> Iterator[Finding]:
    """Look at everything, one thing at a time."""
    yield Finding("graphviz-app", "ok", graphviz_app.__version__)
    yield _python()
    yield Finding("system", "ok", platform.platform())
    yield _torch()
    yield _qt()
    yield _system_libraries()
    yield _display()
    yield _graphviz()
    for distribution, (module, purpose) in _PACKAGES.items():
        yield _package(distribution, module, purpose)
    for distribution, (module, purpose, remedy) in _OPTIONAL.items():
        finding = _package(distribution, module, purpose)
        if finding.health == "missing":
            finding = Finding(distribution, "note", f"not installed; for {purpose}", remedy)
        yield finding
    yield _lessons()


def _python() -> Finding:
    # An older Python does not get as far as this.
    return Finding("Python", "ok", f"{platform.python_version()} at {sys.executable}")


def _ask(question: str) -> subprocess.CompletedProcess[str]:
    """Run some lines of Python, where none of the user's own files is found under a library's name."""
    return subprocess.run(
        [sys.executable, "-c", question],
        capture_output=True,
        text=True,
        timeout=_TORCH_SECONDS,
        check=False,
        cwd=Path(sys.executable).anchor,
    )


def _torch() -> Finding:
    """In a process of its own, as programs run: importing it here would take seconds, and may crash."""
    question = "import torch; print(torch.__version__, torch.cuda.is_available(), hasattr(torch.autograd, 'graph'))"
    remedy = "pip install torch (https://pytorch.org/get-started says which build is yours)"
    try:
        answer = _ask(question)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("PyTorch", "missing", f"could not be asked: {error}", remedy)
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or [f"Python ended with status {answer.returncode}"])[-1]
        return Finding("PyTorch", "missing", last, remedy)
    version, cuda, _ = answer.stdout.split()[-3:]
    if _numbers(version) < (2, 4):
        return Finding("PyTorch", "missing", f"{version} is too old", "pip install 'torch>=2.4'")
    return Finding("PyTorch", "ok", f"{version}, {'with CUDA' if cuda == 'True' else 'on the CPU'}")


def _qt() -> Finding:
    version = _version("PySide6-Essentials") or _version("PySide6")
    if version is None or libraries.qt_folder() is None:
        return Finding("PySide6", "missing", "not installed", "pip install PySide6-Essentials")
    if version == _BROKEN_QT:
        remedy = f"pip install 'PySide6-Essentials!={_BROKEN_QT}'"
        return Finding("PySide6", "missing", f"{version}, which aborts on Python 3.11", remedy)
    return Finding("PySide6", "ok", version)


def _system_libraries() -> Finding:
    if sys.platform != "linux":
        return Finding("system libraries", "ok", "part of the system")
    missing = libraries.missing_packages()
    if missing:
        remedy = f"sudo apt-get install {' '.join(missing)}"
        return Finding("system libraries", "missing", f"{len(missing)} packages that Qt or Graphviz needs", remedy)
    return Finding("system libraries", "ok", "all that Qt and Graphviz need")


def _display() -> Finding:
    problem = qtcheck.display_problem()
    if problem is not None:
        return Finding("display", "note", problem, "The command line works without one.")
    asked = os.environ.get("QT_QPA_PLATFORM")
    where = f"QT_QPA_PLATFORM={asked}" if asked else os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    return Finding("display", "ok", where or "the system's")


def _graphviz() -> Finding:
    """Graphviz comes inside pygraphviz's wheel; ask it for a layout to know that it works."""
    version = _version("pygraphviz")
    lacking = libraries.packages_of(libraries.missing_for_graphviz())
    remedy = f"sudo apt-get install {' '.join(lacking)}" if lacking else _INSTALL_GRAPHVIZ
    if version is None:
        return Finding("Graphviz", "missing", "pygraphviz is not installed", remedy)
    question = (
        "import pygraphviz; g = pygraphviz.AGraph('digraph { a -> b }'); g.layout(prog='dot'); "
        "print('laid out' if g.get_node('a').attr['pos'] else 'no positions')"
    )
    try:
        answer = _ask(question)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("Graphviz", "missing", f"could not be asked: {error}", remedy)
    if answer.returncode != 0 or "laid out" not in answer.stdout:
        last = (answer.stderr.strip().splitlines() or ["it made no layout"])[-1]
        return Finding("Graphviz", "missing", f"in pygraphviz {version}: {last}", remedy)
    return Finding("Graphviz", "ok", f"in pygraphviz {version}; a layout was made")


def _package(distribution: str, module: str, purpose: str) -> Finding:
    remedy = f"pip install {distribution}"
    version = _version(distribution)
    if version is None:
        return Finding(distribution, "missing", f"not installed; {purpose}", remedy)
    try:
        if module:
            importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a broken package may raise anything, and this is where it is told
        what = f"{version} does not load: {type(error).__name__}: {error}"
        return Finding(distribution, "missing", what, f"pip install --force-reinstall {distribution}")
    return Finding(distribution, "ok", f"{version}; {purpose}")


def _lessons() -> Finding:
    try:
        from graphviz_app.lessons.library import all_lessons

        count = len(all_lessons())
    except Exception as error:  # noqa: BLE001 - whatever is wrong with them is told here
        return Finding("lessons", "missing", str(error), "pip install --force-reinstall graphviz-app")
    return Finding("lessons", "ok", f"{count} lessons")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("+")[0].split(".")[:2] if part.isdigit())


def _write_table(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from graphviz_app.commands.screen import tables

    styles = {"ok": "green", "note": "yellow", "missing": "red"}
    table = Table("", "", "found", "to do", box=None)
    for finding in findings:
        health = Text(finding.health, style=styles[finding.health])
        table.add_row(health, Text(finding.name), Text(finding.found), Text(finding.remedy))
    tables().print(table)


def _write_plainly(findings: list[Finding]) -> None:
    for finding in findings:
        sys.stdout.write(f"{finding.health:8} {finding.name}: {finding.found} {finding.remedy}".rstrip() + "\n")
