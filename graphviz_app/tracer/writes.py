"""Who wrote on a tensor: its elements may have been written on through another one, a view or a detached alias."""

# torch tells what is wanted here only by names that begin with an underscore.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.memory import storage_start_of
from graphviz_app.tracer.originals import base_of

if TYPE_CHECKING:
    import torch

    from graphviz_app.tracer.identity import TensorTable, Tracked

_KEPT = 8
_STORAGES_KEPT = 4096


class Write(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A write in place.

    Attributes:
        version: The version that it made.
        operation: The number of the operation that wrote.
        name: That operation's name.
        place: Where in the program.
        met: How many tensors had been met by then.
    """

    version: int
    operation: int
    name: str
    place: Any
    met: int

    @property
    def text(self) -> str:
        """What stands there, shortened; "" where it is not the program's."""
        text = "" if self.place is None else self.place.site.text
        # Of an assignment, Python tells where its left side stands.
        return f"{text} = …" if text and self.name.endswith("__setitem__") else text


class Writes:
    """The latest writes on each piece of memory.

    Views and detached aliases share memory and version counter with what they were made of. That another version is met
    than before is therefore no proof that the operation which has just run wrote: an earlier one may have, on an alias.
    """

    def __init__(self, tensors: TensorTable) -> None:
        self._tensors = tensors
        # Tuples, which the garbage collector forgets when it sees what is in them.
        self._by_storage: dict[int, tuple[Write, ...]] = {}
        self._sources: dict[int, Tracked] = {}

    def detached(self, alias: Tracked, source: Tracked | None) -> None:
        """A tensor shares another one's memory and versions, and torch does not tell."""
        if source is not None and source is not alias:
            self._sources[alias.number] = source
            if len(self._sources) > _STORAGES_KEPT:
                del self._sources[next(iter(self._sources))]

    def is_known(self, tensor: torch.Tensor, tracked: Tracked, version: int) -> bool:
        """Whether an operation that was seen before has made this version of what lies there."""
        for write in reversed(self._by_storage.get(storage_start_of(tensor), ())):
            # A tensor that was met only after the write may lie where another one was freed; so for those before it.
            if write.version < version or tracked.number >= write.met:
                return False
            if write.version == version:
                return True
        return False

    def aliased(self, tensor: torch.Tensor, tracked: Tracked) -> list[Tracked]:
        """What a tensor is a view or a detached alias of, as far as that is known."""
        found: list[Tracked] = []
        base = base_of(tensor)
        known = None if base is None else self._tensors.known(base)
        for one in (known, self._sources.get(tracked.number), self._sources.get(known.number) if known else None):
            if one is not None and one is not tracked:
                found.append(one)
        return found

    def of(self, tensor: torch.Tensor, tracked: Tracked, before: int, latest: Write) -> Write:
        """The first write on a tensor after a version of it: an earlier one on an alias, or else `latest`."""
        if tracked.is_data:
            # It counts versions of its own.
            return latest
        start = storage_start_of(tensor)
        known = self._by_storage.get(start, ())
        first: Write | None = None
        is_told = False
        for write in reversed(known):
            # As in `is_known`.
            if write.version <= before or tracked.number >= write.met:
                break
            first, is_told = write, is_told or write.version == latest.version
        if first is not None and is_told:
            return first
        if start:
            self._by_storage[start] = (*known[1 - _KEPT :], latest)
            if len(self._by_storage) > _STORAGES_KEPT:
                del self._by_storage[next(iter(self._by_storage))]
        return latest
