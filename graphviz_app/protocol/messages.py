"""What the app and the traced program's process say to each other: two closed, tagged unions.

A conversation is short. The worker imports torch and says `Ready`; the app says `RunProgram` once; the worker streams
`Recorded` batches and, when the program's threads and exit handlers are through, `Ended`. A process runs one
program and ends with it.
"""

from __future__ import annotations

import msgspec

from graphviz_app.recording import events as ev  # noqa: TC001 - msgspec resolves it


class Message(msgspec.Struct, frozen=True, array_like=True):
    """Base of all messages."""


class RunOptions(Message, frozen=True):
    """How much is recorded.

    Attributes:
        element_budget: Tensors of up to this many elements are recorded whole.
        recording_bytes: When the recorded values together are larger, later ones become summaries.
        operations: Whether the forward operations are recorded, or the backward passes alone.
        forward_values: Whether the values of operations' inputs and outputs are recorded.
    """

    element_budget: int = 4096
    recording_bytes: int = 1 << 28
    operations: bool = True
    forward_values: bool = True


class RunProgram(Message, frozen=True, tag="run"):
    """Run this text as `__main__`, once; or what Python finds by the name of a module, or in a folder or an archive.

    Attributes:
        path: The file's path as the program is to see it in `__file__` and `sys.argv[0]`. It need not exist: the
            text of an editor that was never saved runs too. Of a module, a folder or an archive it is the main file's
            as far as it is known before, and is told to the reader alone.
        source: The program's text; of a module, a folder or an archive the main file's.
        arguments: What follows the path in `sys.argv`.
        directory: The working directory, absolute.
        capture: True in the window: `sys.stdout` and `sys.stderr` become `Printed` events and nothing else. False on
            the command line: they go to the process's own descriptors with plain Python's buffering, and are
            recorded too.
        options: How much is recorded.
        journal: The file in which what is sent is also kept, absolute; "" where none is.
        environment: Variables with which the worker was started for this program's sake, and what they are when it
            begins, None where they are not there.
        early: Variables that it sets before it imports torch to what nobody could know; torch has read them by then.
        module: The module that is run as by `python -m module`; "" where none is.
        container: The folder or the archive that is run as by `python folder`, as it was typed; "" where none is.
    """

    path: str
    source: str
    arguments: tuple[str, ...]
    directory: str
    capture: bool = True
    options: RunOptions = RunOptions()
    journal: str = ""
    environment: tuple[tuple[str, str | None], ...] = ()
    early: tuple[str, ...] = ()
    module: str = ""
    container: str = ""


class Shutdown(Message, frozen=True, tag="shutdown"):
    """End now; nothing will be run."""


class Ready(Message, frozen=True, tag="ready"):
    """torch is imported; a program can be run."""

    environment: ev.Environment
    process: int


class Unready(Message, frozen=True, tag="unready"):
    """Nothing can be run here, and why: one sentence for the user, and the whole text of the error."""

    sentence: str
    detail: str = ""


class Recorded(Message, frozen=True, tag="recorded"):
    """What happened next."""

    batch: ev.Batch


class Ended(Message, frozen=True, tag="ended"):
    """The program is over, its threads and exit handlers too; nothing will follow but the end of the process.

    Attributes:
        how: As in `events.Finished`.
        status: As in `events.Finished`.
    """

    how: str
    status: int


Command = RunProgram | Shutdown
"""From the app to the worker."""
Report = Ready | Unready | Recorded | Ended
"""From the worker to the app."""
