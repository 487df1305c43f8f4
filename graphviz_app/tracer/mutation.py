"""Writes in place that made a backward pass impossible, and the sentence about the one that an error speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from graphviz_app.recording import events as ev

_MESSAGE = re.compile(
    r"modified by an inplace operation: \[.*?\](?:, which is output \d+ of ([\w:]+),)? is at version (\d+); "
    r"expected version (\d+)"
)


class Saver(msgspec.Struct, frozen=True, gc=False):
    """An operation whose nodes had saved a tensor for backward.

    Attributes:
        first: The first node that it made.
        last: The last.
        name: What it is called.
        span: Where it stands.
    """

    first: int
    last: int
    name: str
    span: ev.Span | None


class Mutation(msgspec.Struct, frozen=True, gc=False):
    """A write in place on a tensor that nodes had saved for backward."""

    before: int
    after: int
    name: str
    text: str
    span: ev.Span | None
    saved_by: tuple[Saver, ...]


def explain_mutation(
    message: str, mutations: Iterable[Mutation], failed: int | None = None, ran: Container[int] = ()
) -> str:
    """What torch's message is about: what was written on, by which line, and which node had saved it; "" if unknown.

    Args:
        message: Torch's.
        mutations: All that are known, in order.
        failed: The node that could not run, where that is known.
        ran: Nodes that ran before it, which cannot be meant either.
    """
    found = _MESSAGE.search(message)
    if found is None:
        return ""
    version, expected = int(found[2]), int(found[3])
    fitting = [
        each for each in mutations if each.before <= version - 1 and each.after <= version and each.before >= expected
    ]
    if failed is not None:
        for mutation in reversed(fitting):
            savers = tuple(each for each in mutation.saved_by if each.first <= failed <= each.last)
            if savers:
                return _sentence(replace(mutation, saved_by=savers), version, expected)
        fitting = [each for each in fitting if any(saver.last not in ran for saver in each.saved_by)]
    return _sentence(fitting[-1], version, expected) if fitting else ""


def _sentence(mutation: Mutation, version: int, expected: int) -> str:
    name = mutation.name or "a tensor"
    line = f" in line {mutation.span.line}" if mutation.span is not None else ""
    writer = f"`{mutation.text}`" if mutation.text else "an operation"
    savers = ", ".join(
        f"{each.name} (line {each.span.line})" if each.span is not None else each.name for each in mutation.saved_by[:3]
    )
    return (
        f"`{name}` was written on by {writer}{line}, though {savers} had saved it for backward() "
        f"at version {expected}; it is at version {version} now. "
        "Write the result to a new tensor, as in `y = y + 1` instead of `y += 1`, or "
        "change a copy, `.clone()`."
    )
