"""Which nodes a set of nodes reaches along the edges, without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.timeline import Timeline


def reached(timeline: Timeline, starts: Iterable[int], first: int, end: int) -> set[int]:
    """Every node that can be reached from `starts`, themselves included.

    Most of them are expected between `first` and `end`: their edges are read at once, as plain lists, which a walk in
    Python reads fastest; those of others (an earlier chapter, met again) one by one. A recording may hold a million
    edges, of which a chapter needs a few hundred.
    """
    edges = timeline.recording.index.edges
    near = np.flatnonzero((edges.source >= first) & (edges.source < end))
    order = near[np.argsort(edges.source[near], kind="stable")]
    targets: list[int] = edges.target[order].tolist()
    offsets: list[int] = np.searchsorted(edges.source[order], np.arange(first, end + 1)).tolist()
    stack = list(starts)
    seen = set(stack)
    while stack:
        node = stack.pop()
        if first <= node < end:
            following = targets[offsets[node - first] : offsets[node - first + 1]]
        else:
            following = edges.target[timeline.edges_out_of.of(node)].tolist()
        for target in following:
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen
