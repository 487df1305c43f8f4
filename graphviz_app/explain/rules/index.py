"""Rules of functions that pick elements by their indices: the gradient goes back to where each was picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def _index_arrays(call: Call) -> list[Array]:
    """The index tensors of x[i, j], in order; only where nothing else was in the brackets."""
    uses = () if call.operation is None else call.operation.inputs[1:]
    if not uses or call.parameters:
        raise Unknown
    return [call.array(use.value) for use in uses]


def _index(call: Call, slot: int) -> Array:
    indices = tuple(_index_arrays(call))
    g = call.grad()
    result = np.zeros(call.shape(slot), g.dtype)
    np.add.at(result, indices, g)
    return result


def _embedding(call: Call, slot: int) -> Array:
    rows = call.named_array("0", "input")
    g = call.grad()
    result = np.zeros(call.shape(slot), g.dtype)
    padding = call.parameter_or(None, "padding_idx", "#0")
    padding = -1 if padding is None else padding % result.shape[0]
    np.add.at(result, rows.reshape(-1), np.where((rows == padding).reshape(-1, 1), 0, g.reshape(-1, result.shape[-1])))
    return result


def _dims(call: Call, fits: Callable[[int], bool]) -> list[int]:
    """The dimensions along which a call may have picked; of several the recorded gradient shows which."""
    given = call.parameter_or(None, "dim", "#0")
    ndim = len(call.shape(0))
    if isinstance(given, int) and not isinstance(given, bool):
        return [given % max(ndim, 1)]
    return [dim for dim in range(ndim) if fits(dim)]


def _gather(call: Call, slot: int) -> Array:
    index = call.named_array("2", "index", "1")
    dims = _dims(call, lambda dim: _is_picked(call.argument(0), index, dim, call.output()))
    return call.nearest(slot, [_put_back(call.shape(slot), index, call.grad(), dim) for dim in dims])


def _is_picked(x: Array, index: Array, dim: int, y: Array) -> bool:
    """Whether `y` is what lies in `x` where an index says, along a dimension."""
    fits = index.shape[:dim] + index.shape[dim + 1 :] == x.shape[:dim] + x.shape[dim + 1 :]
    return fits and index.max(initial=0) < x.shape[dim] and close(np.take_along_axis(x, index, dim), y)


def _picked_by_sorting(call: Call, slot: int) -> Array:
    """Sort and topk: the second result says which element came where."""
    outputs = () if call.operation is None else call.operation.outputs
    if len(outputs) < 2:
        raise Unknown
    index, x, y = call.array(outputs[1].value), call.argument(0), call.output()
    dims = [dim for dim in range(x.ndim) if _is_picked(x, index, dim, y)]
    return call.nearest(slot, [_put_back(call.shape(slot), index, call.grad(), dim) for dim in dims])


def _put_back(shape: tuple[int, ...], index: Array, g: Array, dim: int) -> Array:
    result = np.zeros(shape, g.dtype)
    # Only as far as the index reaches along the other dimensions.
    places = np.indices(index.shape)
    np.add.at(result, (*places[:dim], index, *places[dim + 1 :]), g)
    return result


def _index_select(call: Call, slot: int) -> Array:
    index = call.named_array("2", "index", "1")
    g = call.grad()
    found: list[Array] = []
    for dim in _dims(call, lambda dim: np.array_equal(np.take(call.argument(0), index, dim), call.output())):
        result = np.zeros(call.shape(slot), g.dtype)
        np.add.at(np.moveaxis(result, dim, 0), index, np.moveaxis(g, dim, 0))
        found.append(result)
    return call.nearest(slot, found)


def _index_add(call: Call, slot: int) -> Array:
    if slot == 0:
        return call.grad()
    index, dim = call.named_array("2", "index"), int(call.parameter("dim", "#0"))
    return np.take(call.grad(), index, dim) * float(call.parameter_or(1.0, "alpha", "#1"))


_BACK = (
    "The gradient of each picked element goes back to where it was picked; what was picked twice receives both, added."
)

RULES = (
    Rule(
        ("Index",),
        rf"{X}[i] \leftarrow {X}[i] + g",
        _BACK + " What was not picked receives 0.",
        "derivatives.yaml: index",
        _index,
        needs="the indices",
    ),
    Rule(
        ("Gather", "TakeAlongDim"),
        rf"{X}[index] \leftarrow {X}[index] + g",
        _BACK + " What was not picked receives 0.",
        "derivatives.yaml: gather",
        _gather,
        needs="the indices",
    ),
    Rule(
        ("IndexSelect",),
        rf"{X}[i] \leftarrow {X}[i] + g",
        _BACK + " What was not picked receives 0.",
        "derivatives.yaml: index_select",
        _index_select,
        needs="the indices",
    ),
    Rule(
        ("IndexAdd",),
        r"\frac{\partial L}{\partial x} = g, \qquad \frac{\partial L}{\partial s} = \alpha \, g[i]",
        "What was added to passes the gradient on as it came; what was added receives it from the places to which it "
        "was added.",
        "derivatives.yaml: index_add",
        _index_add,
        needs="the indices",
    ),
    Rule(
        ("Embedding",),
        r"\frac{\partial L}{\partial W}[i] \leftarrow \frac{\partial L}{\partial W}[i] + g",
        "Each looked-up row of the table receives the gradient of the place where it was used; a row that was used "
        "twice receives both, added, and rows that were not used receive 0.",
        "derivatives.yaml: embedding",
        _embedding,
        needs="the indices",
    ),
    Rule(
        ("Sort", "Topk", "Kthvalue", "Mode", "Median"),
        rf"{X}[order] = g",
        "The elements changed places, or some were chosen: each gradient goes back to where its element came from.",
        "derivatives.yaml: sort, topk",
        _picked_by_sorting,
        needs="which element came where",
    ),
)
