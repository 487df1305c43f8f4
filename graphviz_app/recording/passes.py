"""What passes are called: "2" for the second that the program started, "2.1" for the first nested in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    from graphviz_app.recording import Recording

_NAMES: WeakKeyDictionary[Recording, dict[int, str]] = WeakKeyDictionary()


def pass_name(recording: Recording, pass_id: int) -> str:
    """The name of a pass, "" for NONE, counted as the program's user counts: nested ones do not shift the others."""
    if pass_id == NONE:
        return ""
    names = _NAMES.get(recording)
    if names is None:
        names = _NAMES[recording] = _count(recording)
    return names.get(pass_id, str(pass_id + 1))


def _count(recording: Recording) -> dict[int, str]:
    names: dict[int, str] = {}
    children: Counter[int] = Counter()
    for summary in recording.passes:
        children[summary.parent] += 1
        number = str(children[summary.parent])
        names[summary.pass_id] = number if summary.parent == NONE else f"{names.get(summary.parent, '?')}.{number}"
    return names
