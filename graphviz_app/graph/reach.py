"""Which nodes a set of nodes reaches along the edges, in bulk and without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from graphviz_app.recording.index import EdgeColumns


class Successors:
    """For every node the nodes that its edges lead to, as plain lists, which a walk in Python reads fastest."""

    def __init__(self, sources: npt.NDArray[np.int32], targets: npt.NDArray[np.int32]) -> None:
        order = np.argsort(sources, kind="stable")
        count = int(max(sources.max(initial=-1), targets.max(initial=-1))) + 1
        self._targets: list[int] = targets[order].tolist()
        self._starts: list[int] = np.searchsorted(sources[order], np.arange(count + 1)).tolist()

    def reached(self, starts: Iterable[int]) -> set[int]:
        """Every node that can be reached from `starts`, themselves included."""
        offsets, targets, last = self._starts, self._targets, len(self._starts) - 1
        stack = list(starts)
        seen = set(stack)
        while stack:
            node = stack.pop()
            # A node that is no end of any edge may have a larger number than all that are.
            if node >= last:
                continue
            for target in targets[offsets[node] : offsets[node + 1]]:
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        return seen


_SUCCESSORS: WeakKeyDictionary[EdgeColumns, Successors] = WeakKeyDictionary()


def successors(edges: EdgeColumns) -> Successors:
    """The successor lists of a recording's edges; made once per recording."""
    if edges not in _SUCCESSORS:
        _SUCCESSORS[edges] = Successors(edges.source, edges.target)
    return _SUCCESSORS[edges]
