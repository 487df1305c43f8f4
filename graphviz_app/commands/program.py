"""A program as a file that a user named: read, checked, and run to its end."""

from __future__ import annotations

import os
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.commands.errors import CommandError
from graphviz_app.recording.syntax import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz_app.commands.target import Main
    from graphviz_app.runner import Run, RunOutcome


def read_program(path: Path) -> str:
    """The text of a program, decoded as Python decodes it.

    Raises:
        CommandError: If there is no such file, or it is not text.
    """
    content = read_bytes(path)
    try:
        return decoded(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(
            f"{path} is not {error.encoding.upper()} text: line {line} holds the byte 0x{content[error.start]:02x}. "
            "Save it as UTF-8, or name its encoding in its first line."
        ) from error
    except SyntaxError as error:
        raise CommandError(f"{path} is not text that Python can read: {error.msg}.") from error


def read_bytes(path: Path, limit: int = -1) -> bytes:
    """The beginning of a file, or all of it.

    Raises:
        CommandError: If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(limit)
    except FileNotFoundError:
        raise CommandError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise CommandError(f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def check_program(path: Path, source: str) -> None:
    """Find out before anything is started that a program cannot run.

    Raises:
        CommandError: If it is empty, or not Python.
    """
    if not source.strip():
        raise CommandError(f"{path} is empty: there is no program in it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CommandError(f"{path}, line {error.lineno}: {error.msg} (a syntax error).") from error
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise CommandError(f"{path} is not a program that Python can read: {error}.") from error


def check_writable(path: Path) -> None:
    """Find out before any work is done that a file cannot be written.

    Raises:
        CommandError: If it cannot.
    """
    if path.is_dir():
        raise CommandError(f"{path} cannot be written: it is a folder.")
    if not path.parent.is_dir():
        raise CommandError(f"{path} cannot be written: there is no folder {path.parent}.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandError(f"{path} cannot be written: permission denied.")


def working_directory() -> str:
    """Where it runs.

    Raises:
        CommandError: If the working directory is no more.
    """
    try:
        return str(Path.cwd())
    except FileNotFoundError as error:
        raise CommandError("The working directory does not exist any more: nothing can run there.") from error


def prepare_run(main: Main, arguments: Sequence[str], recording_path: Path) -> Run:
    """A run that keeps our terminal: stdin, stdout, stderr and Ctrl-C belong to the program.

    Raises:
        CommandError: If the working directory is no more.
    """
    from graphviz_app.protocol import RunProgram
    from graphviz_app.runner import Run, spawn_worker

    program = RunProgram(
        main.path,
        main.source,
        tuple(arguments),
        working_directory(),
        capture=False,
        module=main.module,
        container=main.container,
    )
    return Run(partial(spawn_worker, capture=False), program, recording_path, before=main.before)


def run_to_end(run: Run) -> RunOutcome:
    """Run it here, passing on the signals that are meant for it.

    Raises:
        CommandError: If it never began, and no signal was the reason.
    """
    from graphviz_app.commands.signals import passing_signals_on

    with passing_signals_on(run.signal):
        outcome = run.run()
    if outcome.failed and outcome.status >= 0:
        detail = f"\n{outcome.detail.strip()}" if outcome.detail.strip() else ""
        raise CommandError(outcome.sentence() + detail)
    return outcome
