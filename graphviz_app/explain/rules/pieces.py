"""Rules of pieces taken out of a tensor, and of tensors joined."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import difference
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

_MOST_PLACES = 512
"""That are tried where nobody knows what the piece was taken of."""
_PIECE = "A piece was taken out of x: the gradient is put back where the piece was, and the rest of x receives 0."


def _placed(places: Callable[[tuple[int, ...], tuple[int, ...]], Iterable[Any]]) -> Callable[[Call, int], Array]:
    """For pieces of a tensor: the gradient put where the piece was, zeros elsewhere.

    Where the piece was is found by its values; of several places that fit, the one that the recorded gradient shows.
    """

    def gradient(call: Call, slot: int) -> Array:
        g, recorded = call.grad(), call.recorded(slot)
        found: list[Array] = []
        for place in _fitting(call, places, None if recorded is None else recorded.shape):
            result = np.zeros(place.shape, g.dtype)
            result[place.index] = g
            found.append(result)
        return call.nearest(slot, found)

    return gradient


class _Place(NamedTuple):
    """Where in a tensor of that shape a piece was."""

    shape: tuple[int, ...]
    index: Any


def _fitting(
    call: Call,
    places: Callable[[tuple[int, ...], tuple[int, ...]], Iterable[Any]],
    recorded: tuple[int, ...] | None,
) -> Iterator[_Place]:
    """The places where the piece can have been."""
    try:
        x, y = call.argument(0), call.output()
    except Unknown:
        # One operation took a piece of a piece (`x[1, 2]`): nobody has seen what lay in between, but how large it was.
        if recorded is None:
            raise
        shape, piece = recorded, call.grad().shape
        fitting = (_Place(shape, index) for index in places(shape, piece) if _shape(shape, index) == piece)
        yield from itertools.islice(fitting, _MOST_PLACES)
        return
    for index in places(x.shape, y.shape):
        if x[index].shape == y.shape and np.array_equal(x[index], y, equal_nan=True):
            yield _Place(x.shape, index)


def _shape(shape: tuple[int, ...], index: Any) -> tuple[int, ...]:
    """The shape of a piece of a tensor."""
    return np.broadcast_to(0, shape)[index].shape


def selections(shape: tuple[int, ...], piece: tuple[int, ...]) -> Iterator[Any]:
    """Every single place along a dimension that leaves a piece of this shape."""
    for dim, size in enumerate(shape):
        if shape[:dim] + shape[dim + 1 :] == piece:
            for index in range(size):
                yield (*[slice(None)] * dim, index)


def slices(shape: tuple[int, ...], piece: tuple[int, ...]) -> Iterator[Any]:
    """Every slice along a dimension that leaves a piece of this shape."""
    for dim, size in enumerate(shape):
        if len(piece) == len(shape) and shape[:dim] + shape[dim + 1 :] == piece[:dim] + piece[dim + 1 :]:
            count = piece[dim]
            for step in range(1, max(size // max(count, 1), 1) + 1):
                for start in range(size):
                    if len(range(start, size, step)) >= count:
                        yield (
                            *[slice(None)] * dim,
                            slice(start, start + (count - 1) * step + 1 if count else start, step),
                        )


def _diagonals(shape: tuple[int, ...], piece: tuple[int, ...]) -> Iterator[Any]:
    if len(shape) == 2 and len(piece) == 1:
        for offset in range(-shape[0] + 1, shape[1]):
            rows = np.arange(piece[0]) + max(-offset, 0)
            columns = np.arange(piece[0]) + max(offset, 0)
            if piece[0] and rows[-1] < shape[0] and columns[-1] < shape[1]:
                yield (rows, columns)


def _joined_dim(call: Call) -> int:
    """Along which dimension `cat` joined."""
    g = call.grad()
    given = call.parameter_or(None, "dim", "#0")
    if isinstance(given, int):
        return given % g.ndim
    shapes = [call.shape(index) for index in range(call.arguments())]
    fitting = [
        dim for dim in range(g.ndim) if sum(shape[dim] for shape in shapes if len(shape) == g.ndim) == g.shape[dim]
    ]
    # torch joins along the first dimension unless it is told otherwise.
    return fitting[0] if fitting else 0


def _cat(call: Call, slot: int) -> Array:
    dim = _joined_dim(call)
    start = sum(call.shape(index)[dim] for index in range(slot))
    return np.take(call.grad(), range(start, start + call.shape(slot)[dim]), dim)


def _block(call: Call, slot: int) -> Array:
    shapes = [call.shape(index) for index in range(slot + 1)]
    # A vector is a matrix of one row.
    sizes = [((1, 1, *shape)[-2], (1, 1, *shape)[-1]) for shape in shapes]
    row, column = (sum(size[dim] for size in sizes[:-1]) for dim in range(2))
    rows, columns = sizes[-1]
    return call.grad()[row : row + rows, column : column + columns].reshape(shapes[-1])


def _stack(call: Call, slot: int) -> Array:
    g = call.grad()
    given = call.parameter_or(None, "dim", "#0")
    if isinstance(given, int):
        return np.take(g, slot, given % g.ndim)
    shape, count = call.shape(slot), call.arguments()
    dims = [dim for dim, size in enumerate(g.shape) if size >= count and g.shape[:dim] + g.shape[dim + 1 :] == shape]
    if len(dims) == 1:
        return np.take(g, slot, dims[0])
    x, y = call.argument(slot), call.output()
    dims = [dim for dim in dims if np.array_equal(np.take(y, slot, dim), x, equal_nan=True)]
    return call.nearest(slot, [np.take(g, slot, dim) for dim in dims])


def _grads_or_zeros(call: Call) -> list[Array]:
    """What came in for every output; zeros for those that nothing came for."""
    outputs = () if call.operation is None else call.operation.outputs
    grads: list[Array] = []
    for slot in range(call.grad_count):
        if call.grad_is_given(slot):
            grads.append(call.grad(slot))
        elif slot < len(outputs) and (record := call.recording.value(outputs[slot].value)) is not None:
            grads.append(np.zeros(record.shape))
        else:
            raise Unknown
    return grads


def _unbind(call: Call, slot: int) -> Array:
    grads, shape = _grads_or_zeros(call), call.shape(slot)
    for dim, size in enumerate(shape):
        if size == len(grads) and shape[:dim] + shape[dim + 1 :] == grads[0].shape:
            stacked = np.stack(grads, dim)
            recorded = call.recorded(slot)
            if recorded is None or difference(stacked, recorded) < 1e-3 or shape.count(size) == 1:
                return stacked
    raise Unknown


def _one_of(call: Call, slot: int) -> Array:
    """One of the parts of `unbind`, where only one dimension can have been taken apart."""
    x, shape = call.argument(0), call.output_shape(slot)
    dims = [
        dim
        for dim, size in enumerate(x.shape)
        if size == call.grad_count and x.shape[:dim] + x.shape[dim + 1 :] == shape
    ]
    # torch takes the first one apart unless it is told otherwise.
    return np.take(x, slot, dims[0])


def _chunk(call: Call, slot: int) -> Array:
    """One of the parts of `split`: the first, the last, or any where all are of one size."""
    x, shape, count = call.argument(0), call.output_shape(slot), call.grad_count
    dims = [dim for dim in range(x.ndim) if x.shape[:dim] + x.shape[dim + 1 :] == shape[:dim] + shape[dim + 1 :]]
    for dim in (each for each in dims if x.shape[each] != shape[each]):
        size = shape[dim]
        if slot == 0:
            return np.take(x, range(size), dim)
        if slot == count - 1:
            return np.take(x, range(x.shape[dim] - size, x.shape[dim]), dim)
        if x.shape[dim] == size * count:
            return np.take(x, range(slot * size, (slot + 1) * size), dim)
    raise Unknown


def _in_turn(call: Call, slot: int) -> Array:
    """A piece of `x[i]`, where a function took one after the other out of a tensor, as it does of a packed one."""
    x, shape = call.argument(0), call.output_shape(slot)
    siblings = call.siblings()
    for dim, size in enumerate(x.shape):
        if len(siblings) == size and x.shape[:dim] + x.shape[dim + 1 :] == shape:
            return np.take(x, siblings.index(call.node), dim)
    raise Unknown


def _joined(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    return np.concatenate([call.argument(index) for index in range(call.arguments())], _joined_dim(call))


def _split(call: Call, slot: int) -> Array:
    grads, shape = _grads_or_zeros(call), call.shape(slot)
    for dim in range(len(shape)):
        if sum(g.shape[dim] for g in grads) == shape[dim]:
            joined = np.concatenate(grads, dim) if _joinable(grads, dim) else None
            if joined is not None and joined.shape == shape:
                return joined
    raise Unknown


def _joinable(grads: list[Array], dim: int) -> bool:
    return len({g.shape[:dim] + g.shape[dim + 1 :] for g in grads}) == 1


def _pad(call: Call, slot: int) -> Array:
    """The middle of the gradient: where it lies, the values show."""
    g, x, y = call.grad(), call.argument(0), call.output()
    if x.ndim != y.ndim or any(now < before for now, before in zip(y.shape, x.shape, strict=True)):
        raise Unknown
    found: list[Array] = []
    for starts in np.ndindex(*(now - before + 1 for now, before in zip(y.shape, x.shape, strict=True))):
        place = tuple(slice(start, start + size) for start, size in zip(starts, x.shape, strict=True))
        if np.array_equal(y[place], x, equal_nan=True):
            found.append(g[place])
    return call.nearest(slot, found)


RULES = (
    Rule(
        ("Select",),
        rf"{X}[i] = g, \qquad 0 \; \mathrm{{elsewhere}}",
        _PIECE,
        "derivatives.yaml: select",
        _placed(selections),
        forward=_in_turn,
    ),
    Rule(
        ("Slice", "Narrow"),
        rf"{X}[a:b] = g, \qquad 0 \; \mathrm{{elsewhere}}",
        _PIECE,
        "derivatives.yaml: slice",
        _placed(slices),
    ),
    Rule(
        ("Diagonal",),
        rf"\mathrm{{diag}} \; {X} = g, \qquad 0 \; \mathrm{{elsewhere}}",
        _PIECE,
        "derivatives.yaml: diagonal",
        _placed(_diagonals),
    ),
    Rule(
        ("Cat",),
        r"\frac{\partial L}{\partial x_k} = g[a_k : b_k]",
        "Tensors were joined, so the gradient is cut into the same pieces, and each input receives its own.",
        "derivatives.yaml: cat",
        _cat,
        forward=_joined,
        needs="only the inputs' shapes",
    ),
    Rule(
        ("BlockDiag",),
        r"\frac{\partial L}{\partial x_k} = g[a_k : b_k, \; c_k : d_k]",
        "Matrices were laid along a diagonal, so each receives its own block of the gradient; the rest is of zeros.",
        "derivatives.yaml: block_diag",
        _block,
        needs="only the inputs' shapes",
    ),
    Rule(
        ("Stack",),
        r"\frac{\partial L}{\partial x_k} = g[k]",
        "Tensors were stacked, so each input receives its own layer of the gradient.",
        "derivatives.yaml: stack",
        _stack,
    ),
    Rule(
        ("Unbind",),
        rf"{X} = \mathrm{{stack}}(g_1, g_2, \ldots)",
        "The gradients of all parts are stacked again; a part that was not used counts as 0.",
        "derivatives.yaml: unbind",
        _unbind,
        forward=_one_of,
    ),
    Rule(
        ("Split", "SplitWithSizes", "Chunk", "UnsafeSplit", "UnsafeSplitWithSizes"),
        rf"{X} = \mathrm{{cat}}(g_1, g_2, \ldots)",
        "The gradients of all parts are joined again; a part that was not used counts as 0.",
        "derivatives.yaml: split",
        _split,
        forward=_chunk,
    ),
    Rule(
        ("ConstantPadNd",),
        rf"{X} = g[a:b]",
        "What was put around the edge is constant: the edge of the gradient is cut off, the middle passes as it came.",
        "derivatives.yaml: constant_pad_nd",
        _pad,
        needs="only the widths of the edge",
    ),
)
