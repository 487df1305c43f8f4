"""What the commands say: sentences and progress on stderr, tables on stdout."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rich.console import Console


def say(sentence: str) -> None:
    """One sentence to whoever started the command."""
    sys.stderr.write(f"graphviz-app: {sentence}\n")


def tables() -> Console:
    """Where tables go. In a file or a pipe they are as wide as they need to be, and plain."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=10_000, soft_wrap=False)


@contextlib.contextmanager
def work_bar(title: str) -> Generator[Callable[[float], None]]:
    """A bar on stderr while some work lasts; nothing where stderr is no terminal.

    Yields:
        What to call with the part that is done, 0 to 1.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda part: progress.update(task, completed=part)
