"""`graphviz-app export`: from a program or a recording to pictures, films and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.commands.errors import CommandError
from graphviz_app.commands.screen import say, work_bar
from graphviz_app.commands.source import open_source
from graphviz_app.libraries import graphviz_problem
from graphviz_app.recording import RecordingError
from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graphviz_app.commands.target import Target
    from graphviz_app.export import Source
    from graphviz_app.recording import Recording
    from graphviz_app.runner import RunOutcome

_PICTURES = ("step", "pass")


class Wish(NamedTuple):
    """What is to be shown, and how.

    Attributes:
        step: The step, or None.
        pass_number: The backward pass, from 1 as people count and as the window shows, or None.
        theme: "light" or "dark".
        scale: Pixels of the file to a pixel at 100 %.
    """

    step: int | None = None
    pass_number: int | None = None
    theme: str = "light"
    scale: float = 1.0


def export(target: Target, outputs: Sequence[Path], wish: Wish, arguments: Sequence[str]) -> int:
    """Write every output.

    Returns:
        0, or 1 where the program did not end well; then everything up to there is written all the same.

    Raises:
        CommandError: If something cannot be read, run or written.
    """
    check_graphviz()
    _check_outputs(outputs)
    with open_source(target, arguments) as (recording, outcome):
        empty = write_outputs(recording, outputs, wish, outcome)
        if recording.warning:
            say(recording.warning)
    if outcome is not None and not outcome.succeeded:
        say(outcome.sentence())
        return 1
    if empty:
        say(empty)
        return 1
    return 0


def write_outputs(recording: Recording, outputs: Sequence[Path], wish: Wish, outcome: RunOutcome | None) -> str:
    """Write every output, and return why there is nothing to see, or "".

    Raises:
        CommandError: If one cannot be written, or there is nothing to draw on it; with how the program ended.
    """
    from graphviz_app.export import ExportError, Source

    try:
        return _write(Source(recording), outputs, wish)
    except (ExportError, RecordingError, CommandError) as error:
        reason = "" if outcome is None or outcome.succeeded else f"{outcome.sentence()} "
        raise CommandError(reason + str(error)) from error


def check_graphviz() -> None:
    """Nothing is run where nothing could be drawn.

    Raises:
        CommandError: With what is to be installed.
    """
    problem = graphviz_problem()
    if problem is not None:
        raise CommandError(problem)


def _check_outputs(outputs: Sequence[Path]) -> None:
    """Nothing is run for an output that cannot be written anyway."""
    from graphviz_app.export import ExportError, format_of
    from graphviz_app.export.files import check_writable

    try:
        for output in outputs:
            format_of(output)
            check_writable(output)
    except ExportError as error:
        raise CommandError(str(error)) from error


def _write(source: Source, outputs: Sequence[Path], wish: Wish) -> str:
    """Write them, and return why there is nothing to see on them, or ""."""
    from graphviz_app.export import export as write
    from graphviz_app.export import format_of

    nothing = nothing_to_draw(source)
    pass_id = _pass_id(source, wish)
    for output in outputs:
        wanted = format_of(output)
        if nothing and wanted.shows in _PICTURES:
            raise CommandError(f"{nothing} {output} was not written.")
        with work_bar(f"{wanted.name} {output}") as progress:
            write(
                source,
                output,
                step=wish.step,
                pass_id=pass_id,
                theme=wish.theme,
                scale=wish.scale,
                progress=progress,
            )
    return nothing


def nothing_to_draw(source: Source) -> str:
    """Why a recording has no graph, in one sentence; "" where it has one."""
    recording = source.recording
    if len(recording.index.nodes):
        return ""
    if len(recording.index.operation_events):
        return "The program computed with tensors, but none of them requires a gradient, so there is no graph."
    return "The program computed nothing with tensors, so there is no graph."


def _pass_id(source: Source, wish: Wish) -> int | None:
    """The number of the wished pass; people count the passes that the program itself started."""
    if wish.pass_number is None:
        return None
    passes = [summary.pass_id for summary in source.recording.passes if summary.parent == NONE]
    if not 1 <= wish.pass_number <= len(passes):
        there_are = {0: "no backward pass", 1: "1 backward pass"}.get(len(passes), f"{len(passes)} backward passes")
        raise CommandError(f"There is no pass {wish.pass_number}: this run has {there_are}.")
    pass_id = passes[wish.pass_number - 1]
    if wish.step is not None:
        chapter = source.timeline.chapter_of_pass(pass_id)
        if not chapter.first_step <= wish.step <= chapter.last_step:
            raise CommandError(
                f"Step {wish.step} is not in pass {wish.pass_number}, which has the steps {chapter.first_step} to "
                f"{chapter.last_step}."
            )
    return pass_id
