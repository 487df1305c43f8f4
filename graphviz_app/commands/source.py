"""What the commands work on: a recording, opened from its file or made by running a program."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.commands.errors import CommandError
from graphviz_app.commands.program import check_program, prepare_run, read_bytes, run_to_end
from graphviz_app.commands.target import find_main
from graphviz_app.recording import Recording, RecordingError
from graphviz_app.recording.blocks import MAGIC

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from graphviz_app.commands.target import Target
    from graphviz_app.runner import RunOutcome


@contextlib.contextmanager
def open_source(target: Target, arguments: Sequence[str] = ()) -> Generator[tuple[Recording, RunOutcome | None]]:
    """The recording of what was typed: opened where it is one, made where it is a program.

    Yields:
        The recording, and how the program ended, None where none ran.

    Raises:
        CommandError: If there is nothing to open or to run.
    """
    path = Path(target.typed)
    if not (target.is_module or target.is_container) and is_recording(path):
        if arguments:
            raise CommandError(f"{path} is a recording; arguments after -- are for programs.")
        with contextlib.closing(_open(path)) as recording:
            yield recording, None
        return
    main = find_main(target)
    if main.path == main.container:
        raise CommandError(f"{path} is a folder or an archive without a __main__.py: there is no program in it.")
    if not (main.module or main.container):
        check_program(path, main.source)
    with tempfile.TemporaryDirectory(prefix="graphviz-app-") as folder:
        made = Path(folder) / "run.agrec"
        outcome = run_to_end(prepare_run(main, arguments, made))
        if outcome.problem or outcome.recording_path is None:
            raise CommandError(outcome.problem or outcome.sentence())
        with contextlib.closing(_open(made)) as recording:
            yield recording, outcome


def is_recording(path: Path) -> bool:
    """Whether a file is, or claims to be, a recording.

    Raises:
        CommandError: If it cannot be read.
    """
    return read_bytes(path, len(MAGIC)) == MAGIC or path.suffix == ".agrec"


def _open(path: Path) -> Recording:
    try:
        return Recording.open(path)
    except RecordingError as error:
        message = str(error)
        raise CommandError(message if str(path) in message else f"{path}: {message}") from error
