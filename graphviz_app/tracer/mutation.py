"""Writes in place that made a backward pass impossible, and the sentence about the one that an error speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MESSAGE = re.compile(
    r"modified by an inplace operation: \[.*?\](?:, which is output \d+ of ([\w:]+),)? is at version (\d+); "
    r"expected version (\d+)"
)


_OF_RESULT = "Write the result to a new tensor, as in `y = y + 1` instead of `y += 1`, or change a copy, `.clone()`."
_OF_LEAF = "Call backward() before it is updated, or compute the result again with what it is then."


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
    """A write in place on a tensor that nodes had saved for backward.

    Attributes:
        before: The tensor's version before it.
        after: Its version then.
        name: What the tensor was called then, "" where it had no name.
        leaf: The number of the leaf that it is, or NONE.
        text: What stands where it was written on.
        span: Where that is.
        saved_by: Who had saved it.
    """

    before: int
    after: int
    name: str
    leaf: int
    text: str
    span: ev.Span | None
    saved_by: tuple[Saver, ...]


def explain_mutation(
    message: str, mutations: Iterable[Mutation], leaf_name: Callable[[int], str], failed: int | None = None
) -> str:
    """What torch's message is about: what was written on, by which line, and which node had saved it; "" if unknown.

    Args:
        message: Torch's.
        mutations: All that are known, in order.
        leaf_name: What a leaf is called now, by its number; "" where it has no name.
        failed: The node that could not run, where that is known: another one's is not what the message is about.
    """
    found = _MESSAGE.search(message)
    if found is None:
        return ""
    version, expected = int(found[2]), int(found[3])
    for each in reversed(list(mutations)):
        if each.before <= version - 1 and each.after <= version and each.before >= expected:
            savers = tuple(one for one in each.saved_by if failed is None or one.first <= failed <= one.last)
            if savers:
                name = each.name or leaf_name(each.leaf)
                return _sentence(replace(each, saved_by=savers, name=name), version, expected)
    return ""


def _sentence(mutation: Mutation, version: int, expected: int) -> str:
    name = mutation.name or "a tensor"
    line = f" in line {mutation.span.line}" if mutation.span is not None else ""
    writer = f"`{mutation.text}`" if mutation.text else "an operation"
    savers = ", ".join(
        f"{each.name} (line {each.span.line})" if each.span is not None else each.name for each in mutation.saved_by[:3]
    )
    advice = _OF_LEAF if mutation.leaf != ev.NONE else _OF_RESULT
    return (
        f"`{name}` was written on by {writer}{line}, though {savers} had saved it for backward() "
        f"at version {expected}; it is at version {version} now. {advice}"
    )
