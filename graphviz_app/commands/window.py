"""`graphviz-app` and `graphviz-app open`: the window, and what is done where there can be none."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app import qtcheck
from graphviz_app.commands.errors import CommandError
from graphviz_app.commands.program import read_program
from graphviz_app.commands.screen import say
from graphviz_app.commands.source import is_recording
from graphviz_app.libraries import graphviz_problem

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path("out")
_FORMATS = (".svg", ".png", ".gif")


def open_window(path: Path | None) -> int:
    """Open the window, with a program or a recording in it, and return when it is closed.

    Where there is no display and nothing to open was named, the first lesson is rendered to files instead.

    Raises:
        CommandError: If there is no such file, or no window can be opened.
    """
    if path is not None:
        _check(path)
    problem = qtcheck.display_problem()
    if problem is not None and path is None:
        return render_first_lesson(problem)
    if problem is not None:
        raise CommandError(f"{problem} Without one, graphviz-app export {path} -o FILE makes pictures.")
    problem = qtcheck.qt_problem() or graphviz_problem()
    if problem is not None:
        raise CommandError(problem)
    # By name: the window's rooms are no part of the command line, and are only loaded here.
    run: Callable[[list[str]], int] = importlib.import_module("graphviz_app.app").run
    return run([] if path is None else [str(path)])


def render_first_lesson(problem: str, folder: Path = FOLDER) -> int:
    """Show what there is to see without a window: a lesson's pictures as files, and its ledger.

    Raises:
        CommandError: If they cannot be made.
    """
    from graphviz_app.commands.export import Wish, check_graphviz, write_outputs
    from graphviz_app.commands.ledger import print_ledger
    from graphviz_app.commands.source import open_source
    from graphviz_app.commands.target import Target
    from graphviz_app.lessons.library import all_lessons

    check_graphviz()
    lesson = all_lessons()[0]
    outputs = [folder / f"{lesson.slug}{extension}" for extension in _FORMATS]
    say(f"{problem} The first lesson is rendered to {', '.join(map(str, outputs))} instead.")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CommandError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    with open_source(Target(str(lesson.program_path))) as (recording, outcome):
        write_outputs(recording, outputs, Wish(), outcome)
        sys.stdout.flush()
        print_ledger(recording)
    return 0


def _check(path: Path) -> None:
    """What cannot be opened is said in the terminal, where it was named."""
    if not is_recording(path):
        read_program(path)
        return
    from graphviz_app.recording import Recording, RecordingError

    try:
        Recording.open(path).close()
    except RecordingError as error:
        raise CommandError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
