"""Rules of sequences of different lengths: packed ones, and bags of embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

_MOST_ROWS = 64


def _unpacked(call: Call, slot: int) -> Array:
    """Each step's rows back to where they were; what was padding receives 0."""
    g, shape = call.grad(), call.shape(slot)
    lengths = call.named_array("1", "lengths").astype(int)
    is_batch_first = call.parameter("batch_first", "#0")
    result = np.zeros(shape, g.dtype)
    steps = np.swapaxes(result, 0, 1) if is_batch_first else result
    start = 0
    for step in range(int(lengths.max(initial=0))):
        count = int((lengths > step).sum())
        steps[step, :count] = g[start : start + count]
        start += count
    if start != len(g):
        raise Unknown
    return result


class _Bag(NamedTuple):
    """Which rows of the table were looked up, and in which bag each of them lies."""

    rows: Array
    bags: Array
    bag_count: int


def _bag_of(call: Call) -> _Bag:
    rows = call.named_array("0", "input")
    if rows.ndim == 2:
        return _Bag(rows.reshape(-1), np.repeat(np.arange(len(rows)), rows.shape[1]), len(rows))
    starts, count = call.named_array("2", "offsets"), call.output_shape()[0]
    return _Bag(rows, np.searchsorted(starts[:count], np.arange(len(rows)), side="right") - 1, count)


def _bagged(table: Array, bag: _Bag, counted: Array, mode: str) -> Array:
    """What a bag of each kind makes of a table."""
    picked = table[bag.rows] * counted[:, None]
    result = np.zeros((bag.bag_count, table.shape[1]))
    if mode == "max":
        for number in range(bag.bag_count):
            mine = table[bag.rows[(bag.bags == number) & (counted != 0)]]
            result[number] = mine.max(0) if len(mine) else 0.0
        return result
    np.add.at(result, bag.bags, picked)
    return result / _sizes(bag, counted)[:, None] if mode == "mean" else result


def _sizes(bag: _Bag, counted: Array) -> Array:
    return np.maximum(np.bincount(bag.bags, counted != 0, bag.bag_count), 1)


def _ways(call: Call, bag: _Bag, weights: Array | None) -> Iterator[tuple[str, Array]]:
    """How the bags may have been made, and how much each row counts: the result shows it."""
    table, y = call.argument(0) if call.named("1", "weight") is None else call.named_array("1", "weight"), call.output()
    plain = np.ones(len(bag.rows)) if weights is None else weights.reshape(-1)
    is_found = False
    for padding in (None, *np.unique(bag.rows)[:_MOST_ROWS].tolist()):
        counted = plain if padding is None else np.where(bag.rows == padding, 0.0, plain)
        for mode in ("mean", "sum", "max"):
            if close(_bagged(table, bag, counted, mode), y):
                is_found = True
                yield mode, counted
        if is_found:
            return


def _embedding_bag(call: Call, slot: int) -> Array:
    bag, g = _bag_of(call), call.grad()
    weights = call.named("per_sample_weights")
    known = None if weights is None else call.array(weights.value)
    table = call.named_array("1", "weight")
    call.is_guessed = True
    found: list[Array] = []
    for mode, counted in _ways(call, bag, known):
        if slot == 1:
            scores = (table[bag.rows] * g[bag.bags]).sum(-1)
            found.append(scores.reshape(call.shape(1)))
            continue
        result = np.zeros(table.shape)
        if mode == "max":
            _give_to_largest(result, table, bag, counted, g)
        else:
            share = counted / _sizes(bag, counted)[bag.bags] if mode == "mean" else counted
            np.add.at(result, bag.rows, g[bag.bags] * share[:, None])
        found.append(result)
    return call.nearest(slot, found)


def _give_to_largest(result: Array, table: Array, bag: _Bag, counted: Array, g: Array) -> None:
    columns = np.arange(table.shape[1])
    for number in range(bag.bag_count):
        mine = bag.rows[(bag.bags == number) & (counted != 0)]
        if len(mine):
            np.add.at(result, (mine[table[mine].argmax(0)], columns), g[number])


RULES = (
    Rule(
        ("PackPaddedSequence",),
        rf"{X}_{{t,n}} = g_{{packed(t,n)}}, \qquad 0 \; \mathrm{{where \; padded}}",
        "The sequences were laid one behind the other, step by step, without their padding: each gradient goes back to "
        "its step and sequence, and the padding receives 0.",
        "derivatives.yaml: _pack_padded_sequence",
        _unpacked,
        needs="how many sequences there are at each step",
    ),
    Rule(
        ("EmbeddingBag",),
        r"\frac{\partial L}{\partial W}[i] \leftarrow \frac{\partial L}{\partial W}[i] + \frac{w_i \, g}{n}",
        "Each looked-up row of the table receives the gradient of its bag: its share of a mean, all of a sum, and of a "
        "maximum only where it was the largest. n is the number of rows in a bag for a mean, and 1 for a sum; "
        "w are the weights that the call gave to single rows, or 1.",
        "derivatives.yaml: _embedding_bag",
        _embedding_bag,
        needs="the indices",
    ),
)
