"""Rules of functions that write elements to places given by indices or masks, and of those that pick by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

S = r"\frac{\partial L}{\partial s}"


def _dim(call: Call, ndim: int) -> int:
    dim = call.parameter("dim", "#0")
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise Unknown
    return dim % max(ndim, 1)


def _masked_select(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    mask, shape, g = call.named_array("1", "mask"), call.shape(0), call.grad()
    # Both were stretched to one shape; what was read several times receives the sum.
    whole = np.broadcast_shapes(mask.shape, shape)
    places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), whole)[np.broadcast_to(mask, whole)]
    result = np.zeros(int(np.prod(shape)), g.dtype)
    np.add.at(result, places, g)
    return result.reshape(shape)


def _masked_scatter(call: Call, slot: int) -> Array:
    mask, g = np.broadcast_to(call.named_array("1", "mask"), call.grad().shape), call.grad()
    if slot == 0:
        return np.where(mask, 0, g)
    source = np.zeros(call.shape(1), g.dtype)
    written = g[mask]
    source.reshape(-1)[: written.size] = written
    return source


def _scatter(call: Call, slot: int) -> Array:
    if call.parameter_or(None, "reduce", "#1") is not None:
        raise Unknown
    index, g = call.named_array("2", "index", "1"), call.grad()
    dim = _dim(call, g.ndim)
    if slot == 1:
        return np.take_along_axis(_up_to(g, index, dim), index, dim)
    result = g.copy()
    _put(result, index, dim)
    return result


def _scatter_add(call: Call, slot: int) -> Array:
    index, g = call.named_array("2", "index", "1"), call.grad()
    if slot == 0:
        return g
    dim, result = _dim(call, g.ndim), np.zeros(call.shape(1), g.dtype)
    taken = np.take_along_axis(_up_to(g, index, dim), index, dim)
    # What the index does not reach was not written.
    result[tuple(map(slice, taken.shape))] = taken
    return result


def _up_to(values: Array, index: Array, dim: int) -> Array:
    """As much of an array as an index reaches along the other dimensions."""
    return values[tuple(slice(None) if at == dim else slice(size) for at, size in enumerate(index.shape))]


def _put(values: Array, index: Array, dim: int) -> None:
    places = np.indices(index.shape)
    values[(*places[:dim], index, *places[dim + 1 :])] = 0


def _index_arrays(call: Call) -> tuple[Array, ...]:
    """The index tensors of `index_put`; only where nothing else was among them."""
    uses = [use for use in (() if call.operation is None else call.operation.inputs) if use.argument.startswith("1[")]
    if not uses or not call.is_direct:
        raise Unknown
    return tuple(call.array(use.value) for use in uses)


def _index_put(call: Call, slot: int) -> Array:
    places, g = _index_arrays(call), call.grad()
    given = call.parameter_or(False, "accumulate", "#0")
    if slot == 1:
        picked = g[places]
        return sum_to_shape(picked, call.shape(1))
    if given is True:
        return g
    result = g.copy()
    result[places] = 0
    return result


def _take(call: Call, slot: int) -> Array:
    index, g = call.named_array("1", "index"), call.grad()
    shape = call.shape(slot)
    result = np.zeros(int(np.prod(shape)), g.dtype)
    np.add.at(result, index.reshape(-1), g.reshape(-1))
    return result.reshape(shape)


def _put_elements(call: Call, slot: int) -> Array:
    index, g = call.named_array("1", "index"), call.grad()
    if slot == 1:
        return g.reshape(-1)[index]
    if call.parameter_or(False, "accumulate", "#0") is True:
        return g
    result = g.copy()
    result.reshape(-1)[index.reshape(-1)] = 0
    return result


def _index_copy(call: Call, slot: int) -> Array:
    index, g = call.named_array("2", "index", "1").reshape(-1), call.grad()
    dim = _dim(call, g.ndim)
    if slot == 1:
        return np.take(g, index, dim) if g.ndim else g
    result = g.copy()
    if g.ndim == 0:
        return np.zeros(())
    result[(*[slice(None)] * dim, index)] = 0
    return result


def _index_fill(call: Call, slot: int) -> Array:
    index, g = call.named_array("2", "index", "1").reshape(-1), call.grad()
    dim = _dim(call, g.ndim)
    if slot == 1:
        return np.take(g, index, dim).sum() if g.ndim else g
    result = g.copy()
    if g.ndim == 0:
        return np.zeros(())
    result[(*[slice(None)] * dim, index)] = 0
    return result


def _running_extremum(call: Call, slot: int) -> Array:
    """Cummax and cummin: the second result says which element was the largest so far."""
    outputs = () if call.operation is None else call.operation.outputs
    if len(outputs) < 2:
        raise Unknown
    index, g, shape = call.array(outputs[1].value), call.grad(), call.shape(slot)
    dim = _dim(call, len(shape))
    result = np.zeros(shape, g.dtype)
    if not shape:
        return g
    places = np.indices(index.shape)
    np.add.at(result, (*places[:dim], index, *places[dim + 1 :]), g)
    return result


_OVER = (
    "What was written over receives 0, what stayed passes the gradient on as it came; each element of s, which was "
    "written, receives it from the place to which it was written."
)
_ADDED = " With accumulate=True nothing is written over but added: then all of what was there passes its gradient on."
_OVER_FORMULA = rf"{X} = g \; \mathrm{{where \; it \; stayed}}, \qquad {S} = g[\mathrm{{index}}]"

RULES = (
    Rule(
        ("MaskedSelect",),
        rf"{X}[m] = g, \qquad 0 \; \mathrm{{elsewhere}}",
        "Each gradient goes back to where its element was picked; what was not picked receives 0.",
        "derivatives.yaml: masked_select",
        _masked_select,
        needs="the mask",
    ),
    Rule(
        ("MaskedScatter",),
        rf"{X} = g \cdot (1 - m), \qquad {S} = g[m]",
        _OVER,
        "derivatives.yaml: masked_scatter",
        _masked_scatter,
        needs="the mask",
    ),
    Rule(("Scatter",), _OVER_FORMULA, _OVER, "derivatives.yaml: scatter", _scatter, needs="the indices"),
    Rule(
        ("ScatterAdd",),
        rf"{X} = g, \qquad {S} = g[\mathrm{{index}}]",
        "What was added to passes the gradient on as it came; what was added receives it from the place to which it "
        "was added.",
        "derivatives.yaml: scatter_add",
        _scatter_add,
        needs="the indices",
    ),
    Rule(
        ("IndexPut", "IndexPutImpl"),
        _OVER_FORMULA,
        _OVER + _ADDED,
        "derivatives.yaml: index_put",
        _index_put,
        needs="the indices",
    ),
    Rule(("Put",), _OVER_FORMULA, _OVER + _ADDED, "derivatives.yaml: put", _put_elements, needs="the indices"),
    Rule(("IndexCopy",), _OVER_FORMULA, _OVER, "derivatives.yaml: index_copy", _index_copy, needs="the indices"),
    Rule(
        ("IndexFill",),
        rf"{X} = g \; \mathrm{{where \; it \; stayed}}, \qquad {S} = \sum g[\mathrm{{index}}]",
        "What was written over receives 0, what stayed passes the gradient on as it came; the one number s that was "
        "written everywhere receives the sum.",
        "derivatives.yaml: index_fill",
        _index_fill,
        needs="the indices",
    ),
    Rule(
        ("Take",),
        rf"{X}[i] \leftarrow {X}[i] + g",
        "The gradient of each picked element goes back to where it was picked; what was picked twice receives both, "
        "added.",
        "derivatives.yaml: take",
        _take,
        needs="the indices",
    ),
    Rule(
        ("Cummax", "Cummin"),
        rf"{X}[index] \leftarrow {X}[index] + g",
        "Each result is the best element so far: that one receives its gradient, several times where it stayed the "
        "best.",
        "derivatives.yaml: cummax, cummin",
        _running_extremum,
        needs="which element was the best",
    ),
)
