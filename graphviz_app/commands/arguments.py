"""What may be typed after `graphviz-app`: the grammar of the command line, and its help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app import __version__

if TYPE_CHECKING:
    # argparse has no public name for it.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


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
  graphviz-app record -m package.train -- -v   run as `python -m package.train -v` would
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
Runs PROGRAM (or opens RUN.agrec) and writes each FILE in the format that its ending names:

  .svg .png .pdf .dot    the graph at one step: --step N, else the end of the pass: --pass N, else of the last pass
  .gif .mp4              a film of one pass, up to --step N
  .html                  a player of the whole run, for any browser
  .csv                   the ledger: what became of every leaf's .grad
  .json                  everything: graph, operations, passes, values, ledger, output, error

The program keeps the terminal: it prints and asks as ever. If it fails, what it did until then is written all the
same, and the exit status is 1.
"""

COMMANDS = ("open", "export", "record", "ledger", "lessons", "doctor")
_PROGRAM = "a file, or a folder or an archive (.zip, .pyz) with a __main__.py in it"
_PLAIN = argparse.RawDescriptionHelpFormatter


def parser() -> argparse.ArgumentParser:
    """The parser; what it parses has the name of a command as `command`."""
    made = argparse.ArgumentParser(
        "graphviz-app",
        usage="graphviz-app [FILE]\n       graphviz-app COMMAND ... [-- ARGUMENTS OF THE PROGRAM]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=_PLAIN,
    )
    made.add_argument("--version", action="version", version=f"graphviz-app {__version__}")
    made.set_defaults(command="open", file=None)
    commands = made.add_subparsers(title="commands", metavar="COMMAND", prog="graphviz-app", dest="command")
    _add_open(commands)
    _add_export(commands)
    _add_record(commands)
    _add_ledger(commands)
    _add_lessons(commands)
    commands.add_parser("doctor", help="what is installed, what is missing, how to mend it")
    return made


def _add_open(commands: Commands) -> None:
    added = commands.add_parser("open", help="open the window, with a program or a recording in it")
    added.add_argument("file", metavar="FILE", type=Path, nargs="?", help="PROGRAM.py or RUN.agrec")


def _add_export(commands: Commands) -> None:
    added = commands.add_parser(
        "export",
        help="make pictures, films and tables",
        usage="graphviz-app export PROGRAM|-m MODULE|RUN.agrec -o FILE [-o FILE ...] [--step N] [--pass N]\n"
        "                           [--theme light|dark] [--scale X] [-- ARGUMENTS OF THE PROGRAM]",
        description=EXPORT_HELP,
        formatter_class=_PLAIN,
    )
    _add_program(added, "PROGRAM|RUN.agrec", f"{_PROGRAM}; or a recording")
    added.add_argument(
        "-o", "--output", metavar="FILE", type=Path, action="append", required=True, help="may be given several times"
    )
    added.add_argument("--step", metavar="N", type=int, help="the moment to show; 0 is before anything happened")
    added.add_argument("--pass", metavar="N", type=int, dest="pass_number", help="the backward pass to show, from 1")
    added.add_argument("--theme", choices=("light", "dark"), default="light")
    added.add_argument("--scale", metavar="X", type=float, default=1.0, help="2 makes pictures twice as large")


def _add_record(commands: Commands) -> None:
    added = commands.add_parser(
        "record",
        help="run a program as python would, and keep a recording",
        usage="graphviz-app record PROGRAM|-m MODULE [-o RUN.agrec] [-- ARGUMENTS OF THE PROGRAM]",
        description="Runs PROGRAM as `python PROGRAM` would, or MODULE as `python -m MODULE` would: the same output, "
        "the same exit status. The recording is written as it goes: it can be opened even if the program is killed.",
    )
    _add_program(added, "PROGRAM", _PROGRAM)
    added.add_argument(
        "-o", "--output", metavar="RUN.agrec", type=Path, help="default: the program's name with .agrec, here"
    )


def _add_ledger(commands: Commands) -> None:
    added = commands.add_parser(
        "ledger",
        help="what became of every leaf's .grad, as a table",
        usage="graphviz-app ledger PROGRAM|-m MODULE|RUN.agrec [-- ARGUMENTS OF THE PROGRAM]",
    )
    _add_program(added, "PROGRAM|RUN.agrec", f"{_PROGRAM}; or a recording")


def _add_program(added: argparse.ArgumentParser, metavar: str, words: str) -> None:
    one = added.add_mutually_exclusive_group(required=True)
    # As text: `sys.argv[0]` is what was typed, also where that could be said in a shorter way.
    one.add_argument("program", metavar=metavar, nargs="?", help=words)
    one.add_argument("-m", metavar="MODULE", dest="module", help="a module or a package, as in `python -m MODULE`")


def _add_lessons(commands: Commands) -> None:
    added = commands.add_parser("lessons", help="list the lessons, or read one")
    added.add_argument("name", metavar="NAME", nargs="?", help="a lesson's number or name")
    added.add_argument("--program", action="store_true", help="print its program alone")
