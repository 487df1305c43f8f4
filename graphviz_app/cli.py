"""The command line: what may be typed, and which command does it.

Nothing heavy is imported here; each command imports what it needs when it runs, and Qt only where a window is opened.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app import __version__
from graphviz_app.commands.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DESCRIPTION = """\
See PyTorch's autograd work: record a program, step through its backward passes,
look at every gradient on every edge.

With a file, or with nothing, the window opens. The other commands need no window.
"""

EXAMPLES = """\
examples:
  graphviz-app                                 open the window on the first lesson
  graphviz-app train.py                        open a program in it (F5 runs it)
  graphviz-app export train.py -o graph.svg    run a program, draw its last backward pass
  graphviz-app export train.py -o pass1.gif --pass 1 -o all.json -- --epochs 1
                                               a film of the first pass, and all values as JSON
  graphviz-app record train.py -o run.agrec -- --epochs 3
                                               run as `python train.py --epochs 3` would, and keep a recording
  graphviz-app export run.agrec -o graph.pdf --step 12 --theme dark
                                               a page of one moment of it, without running anything
  graphviz-app ledger run.agrec                what became of every leaf's .grad
  graphviz-app lessons chain_rule              read a lesson
  graphviz-app doctor                          when something does not work

What follows -- goes to the program. A recording (.agrec) can be opened wherever a program can; opening one runs
nothing. Exit status: 0 if all went well, 1 if the program or the file did not, 2 if the command line is wrong;
`record` ends as the program itself ended.
"""

EXPORT_HELP = """\
Runs PROGRAM.py (or opens RUN.agrec) and writes each FILE in the format that its ending names:

  .svg .png .pdf .dot    the graph at one step: --step N, else the end of the pass: --pass N, else of the last pass
  .gif .mp4              a film of one pass, up to --step N
  .html                  a player of the whole run, for any browser
  .csv                   the ledger: what became of every leaf's .grad
  .json                  everything: graph, operations, passes, values, ledger, output, error

The program keeps the terminal: it prints and asks as ever. If it fails, what it did until then is written all the
same, and the exit status is 1.
"""

_COMMANDS = ("open", "export", "record", "ledger", "lessons", "doctor")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: What was typed after the command's name; by default the process's own.

    Returns:
        The exit status.
    """
    _make_printable()
    typed = list(sys.argv[1:] if arguments is None else arguments)
    own, rest = _split(typed)
    if not own or (own[0] not in _COMMANDS and not own[0].startswith("-")):
        # A program called like a command is opened as ./record or by `open`.
        own = ["open", *own]
    options = _parser().parse_args(own)
    options.arguments = rest
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        if rest and command not in (_export, _record, _ledger):
            raise CommandError("What follows -- is for a program, but this command runs none.")
        return command(options)
    except CommandError as error:
        sys.stderr.write(f"graphviz-app: {error}\n")
        return 1
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("graphviz_app"):
            raise
        sys.stderr.write(f"graphviz-app: The package {error.name} is missing; graphviz-app doctor says what to do.\n")
        return 1
    except BrokenPipeError:
        # `graphviz-app ledger run.agrec | head` is no error; what is left must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("graphviz-app: interrupted\n")
        return 130


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


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "graphviz-app",
        usage="graphviz-app [FILE]\n       graphviz-app COMMAND ... [-- ARGUMENTS OF THE PROGRAM]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"graphviz-app {__version__}")
    parser.set_defaults(command=_open, file=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="graphviz-app")

    opening = commands.add_parser("open", help="open the window, with a program or a recording in it")
    opening.add_argument("file", metavar="FILE", type=Path, nargs="?", help="PROGRAM.py or RUN.agrec")
    opening.set_defaults(command=_open)

    exporting = commands.add_parser(
        "export", help="make pictures, films and tables", description=EXPORT_HELP, formatter_class=plain
    )
    exporting.add_argument("program", metavar="PROGRAM.py|RUN.agrec", type=Path)
    _add_export_options(exporting)
    exporting.set_defaults(command=_export)

    recording = commands.add_parser(
        "record",
        help="run a program as python would, and keep a recording",
        description="Runs PROGRAM.py as `python PROGRAM.py` would: the same output, the same exit status. "
        "The recording is written as it goes: it can be opened even if the program is killed.",
    )
    recording.add_argument("program", metavar="PROGRAM.py", type=Path)
    recording.add_argument(
        "-o", "--output", metavar="RUN.agrec", type=Path, help="default: the program's name with .agrec, here"
    )
    recording.set_defaults(command=_record)

    listing = commands.add_parser("ledger", help="what became of every leaf's .grad, as a table")
    listing.add_argument("file", metavar="FILE", type=Path, help="PROGRAM.py or RUN.agrec")
    listing.set_defaults(command=_ledger)

    learning = commands.add_parser("lessons", help="list the lessons, or read one")
    learning.add_argument("name", metavar="NAME", nargs="?", help="a lesson's number or name")
    learning.add_argument("--program", action="store_true", help="print its program alone")
    learning.set_defaults(command=_lessons)

    examining = commands.add_parser("doctor", help="what is installed, what is missing, how to mend it")
    examining.set_defaults(command=_doctor)
    return parser


def _add_export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, action="append", required=True, help="may be given several times"
    )
    parser.add_argument("--step", metavar="N", type=int, help="the moment to show; 0 is before anything happened")
    parser.add_argument("--pass", metavar="N", type=int, dest="pass_number", help="the backward pass to show, from 1")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--scale", metavar="X", type=float, default=1.0, help="2 makes pictures twice as large")


def _open(options: argparse.Namespace) -> int:
    from graphviz_app.commands.window import open_window

    return open_window(options.file)


def _export(options: argparse.Namespace) -> int:
    from graphviz_app.commands.export import Wish, export

    wish = Wish(options.step, options.pass_number, options.theme, options.scale)
    return export(options.program, options.output, wish, options.arguments)


def _record(options: argparse.Namespace) -> int:
    from graphviz_app.commands.record import record

    output = options.output or Path(options.program.with_suffix(".agrec").name)
    return record(options.program, output, options.arguments)


def _ledger(options: argparse.Namespace) -> int:
    from graphviz_app.commands.ledger import ledger

    return ledger(options.file, options.arguments)


def _lessons(options: argparse.Namespace) -> int:
    from graphviz_app.commands.lessons import list_lessons, show_lesson

    if options.name is None:
        return list_lessons()
    return show_lesson(options.name, program_only=options.program)


def _doctor(_: argparse.Namespace) -> int:
    from graphviz_app.commands.doctor import doctor

    return doctor()
