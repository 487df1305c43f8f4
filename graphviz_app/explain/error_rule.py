"""The form of a rule that explains an error."""

from __future__ import annotations

from typing import NamedTuple


class ErrorRule(NamedTuple):
    """An error that we can explain: its type's name ("" for any), a pattern in its message, one sentence."""

    type_name: str
    pattern: str
    sentence: str
