"""The command line: what was typed becomes a call of one command.

Nothing heavy is imported here; each command imports what it needs when it runs, and Qt only where a window is opened.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.commands.arguments import COMMANDS, parser
from graphviz_app.commands.errors import CommandError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from graphviz_app.commands.target import Target

_RUN_PROGRAMS = ("export", "record", "ledger")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: What was typed after the command's name; by default the process's own.

    Returns:
        The exit status.
    """
    _make_printable()
    own, rest = _split(list(sys.argv[1:] if arguments is None else arguments))
    if not own or (own[0] not in COMMANDS and not own[0].startswith("-")):
        # A program called like a command is opened as ./record or by `open`.
        own = ["open", *own]
    options = parser().parse_args(own)
    try:
        return _call(options, rest)
    except CommandError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("graphviz_app"):
            raise
        return _fail(f"The package {error.name} is missing; graphviz-app doctor says what to do.")
    except BrokenPipeError:
        # `graphviz-app ledger run.agrec | head` is no error; what is left must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        _fail("interrupted")
        return 130


def _call(options: argparse.Namespace, rest: list[str]) -> int:
    if rest and options.command not in _RUN_PROGRAMS:
        raise CommandError("What follows -- is for a program, but this command runs none.")
    match options.command:
        case "export":
            from graphviz_app.commands.export import Wish, export

            wish = Wish(options.step, options.pass_number, options.theme, options.scale)
            return export(_target(options), options.output, wish, rest)
        case "record":
            from graphviz_app.commands.record import record

            target = _target(options)
            return record(target, options.output or Path(f"{target.stem}.agrec"), rest)
        case "ledger":
            from graphviz_app.commands.ledger import ledger

            return ledger(_target(options), rest)
        case "lessons":
            from graphviz_app.commands.lessons import lessons

            return lessons(options.name, program_only=options.program)
        case "doctor":
            from graphviz_app.commands.doctor import doctor

            return doctor()
        case _:
            from graphviz_app.commands.window import open_window

            return open_window(options.file)


def _target(options: argparse.Namespace) -> Target:
    from graphviz_app.commands.target import Target

    return Target(options.program or options.module, is_module=options.program is None)


def _fail(sentence: str) -> int:
    sys.stderr.write(f"graphviz-app: {sentence}\n")
    return 1


def _split(typed: list[str]) -> tuple[list[str], list[str]]:
    """What is ours, and what follows "--"."""
    if "--" not in typed:
        return typed, []
    position = typed.index("--")
    return typed[:position], typed[position + 1 :]


def _make_printable() -> None:
    """A terminal without × shows a question mark, and never an error."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
