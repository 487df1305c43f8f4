"""Writes in place that made a backward pass impossible, and the sentence about the one that an error speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz_app.recording import events as ev

_MESSAGE = re.compile(
    r"modified by an inplace operation: \[.*?\](?:, which is output \d+ of ([\w:]+),)? is at version (\d+); "
    r"expected version (\d+)"
)


class Mutation(NamedTuple):
    """A write in place on a tensor that nodes had saved for backward."""

    before: int
    after: int
    name: str
    text: str
    span: ev.Span | None
    saved_by: tuple[tuple[int, str, ev.Span | None], ...]


def explain_mutation(message: str, mutations: Sequence[Mutation]) -> str:
    """What torch's message is about: what was written on, by which line, and which node had saved it; "" if unknown."""
    found = _MESSAGE.search(message)
    if found is None:
        return ""
    version, expected = int(found[2]), int(found[3])
    for mutation in reversed(mutations):
        if mutation.before <= version - 1 and mutation.after <= version and mutation.before >= expected:
            return _sentence(mutation, version, expected)
    return ""


def _sentence(mutation: Mutation, version: int, expected: int) -> str:
    name = mutation.name or "a tensor"
    line = f" in line {mutation.span.line}" if mutation.span is not None else ""
    writer = f"`{mutation.text}`" if mutation.text else "an operation"
    savers = ", ".join(
        f"{node} (line {span.line})" if span is not None else node for _, node, span in mutation.saved_by[:3]
    )
    return (
        f"`{name}` was written on by {writer}{line}, though {savers} had saved it for backward() "
        f"at version {expected}; it is at version {version} now. "
        "Write the result to a new tensor, as in `y = y + 1` instead of `y += 1`, or "
        "change a copy, `.clone()`."
    )
