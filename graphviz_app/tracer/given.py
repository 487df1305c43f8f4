"""What a custom `autograd.Function` was given, and where in its forward it wrote on that.

What a forward computes is no operation of the graph, and is not recorded. But that it wrote on its input, by which
line, is the whole truth about a gradient that leaves the write out: autograd knows of it from `ctx.mark_dirty` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.identity import ORDINARY
from graphviz_app.tracer.originals import version_of

if TYPE_CHECKING:
    import torch

    from graphviz_app.tracer.places import Place


class Given:
    """The tensors that one call was given, as they were when it began.

    Of them nothing is held but the very tuple in which they were given: programs count references.

    Attributes:
        outer: What the call was given within whose forward this one was made, or None.
    """

    __slots__ = ("_args", "_before", "_now", "_places", "outer")

    def __init__(self, args: tuple[Any, ...], outer: Given | None) -> None:
        self.outer = outer
        self._args = args
        # Of other classes the program's own code may be asked.
        self._now = [(at, version_of(each)) for at, each in enumerate(args) if type(each) in ORDINARY]
        self._before = dict(self._now)
        self._places: dict[int, Place | None] = {}

    def is_written(self) -> bool:
        """Whether one of them has been written on since it was last looked."""
        args = self._args
        return any(version_of(args[at]) != version for at, version in self._now)

    def written_at(self, place: Place | None) -> None:
        """What has been written on since it was last looked was written on there."""
        now = [(at, version_of(self._args[at])) for at, _ in self._now]
        for (at, version), (_, before) in zip(now, self._now, strict=True):
            if version != before:
                self._places.setdefault(at, place)
        self._now = now

    @property
    def written(self) -> list[tuple[torch.Tensor, Place | None]]:
        """Which of them have been written on, and where first."""
        return [(self._args[at], place) for at, place in self._places.items()]

    def version_before(self, tensor: torch.Tensor) -> int | None:
        """A tensor's version when the call began; None where it was not given, or not looked at."""
        return next((version for at, version in self._before.items() if self._args[at] is tensor), None)

    def place_of(self, tensor: torch.Tensor) -> Place | None:
        """Where in the forward a tensor was first written on; None where it was not, or nobody saw it."""
        return next((place for at, place in self._places.items() if self._args[at] is tensor), None)
