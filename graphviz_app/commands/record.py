"""`graphviz-app record`: run a program exactly as `python` would, and keep a recording of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from graphviz_app.commands.errors import CommandError
from graphviz_app.commands.program import check_writable, prepare_run, run_to_end
from graphviz_app.commands.signals import end_like
from graphviz_app.commands.target import find_main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graphviz_app.commands.target import Target


def record(target: Target, output: Path, arguments: Sequence[str]) -> int:
    """Run and record.

    Returns:
        The program's exit status. Where a signal ended the program, the same signal ends this process.

    Raises:
        CommandError: If the program cannot be read or started, or the recording cannot be written.
    """
    if output.suffix != ".agrec":
        raise CommandError(
            f"A recording's name ends in .agrec, but {output.name} does not; graphviz-app export makes other formats."
        )
    main = find_main(target)
    check_writable(output)
    outcome = run_to_end(prepare_run(main, arguments, output))
    if outcome.problem:
        sys.stderr.write(f"graphviz-app: {outcome.problem}\n")
        return end_like(outcome.status) or 1
    return end_like(outcome.status)
