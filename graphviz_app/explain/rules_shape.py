"""Rules of functions that only move elements about: views, joins and pieces."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import difference, sum_to_shape
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

X = r"\frac{\partial L}{\partial x}"


def _reshape(call: Call, slot: int) -> Array:
    return call.grad().reshape(call.shape(slot))


def _reshaped(call: Call) -> Array:
    return call.argument(0).reshape(call.output_shape())


def _expanded(call: Call) -> Array:
    return np.broadcast_to(call.argument(0), call.output_shape())


def _expand(call: Call, slot: int) -> Array:
    return sum_to_shape(call.grad(), call.shape(slot))


def _transpose_last(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    return call.grad().T


def _transposed(call: Call) -> Array:
    return call.argument(0).T


def _permute(call: Call, slot: int) -> Array:  # noqa: ARG001
    g = call.grad()
    return np.transpose(g, np.argsort(_order(call, g)))


def _order(call: Call, g: Array) -> tuple[int, ...]:
    """Which dimension of the input each one of the result is: as the result shows."""
    orders = [order for order in itertools.permutations(range(g.ndim)) if _fits(call.shape(0), order, g.shape)]
    if len(orders) == 1:
        return orders[0]
    x, y = call.argument(0), call.output()
    for order in orders:
        if np.array_equal(np.transpose(x, order), y, equal_nan=True):
            return order
    raise Unknown


def _fits(shape: tuple[int, ...], order: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(order) and tuple(shape[dim] for dim in order) == wanted


def _placed(places: Callable[[tuple[int, ...], tuple[int, ...]], Iterable[Any]]) -> Callable[[Call, int], Array]:
    """For pieces of a tensor: the gradient put where the piece was, zeros elsewhere.

    Where the piece was is found by its values; of several places that fit, the one that the recorded gradient shows.
    """

    def gradient(call: Call, slot: int) -> Array:
        g, x, y = call.grad(), call.argument(0), call.output()
        found: list[Array] = []
        for place in places(x.shape, y.shape):
            if x[place].shape == y.shape and np.array_equal(x[place], y, equal_nan=True):
                result = np.zeros(x.shape, g.dtype)
                result[place] = g
                found.append(result)
        if not found:
            raise Unknown
        recorded = _recorded(call, slot)
        return found[0] if recorded is None else min(found, key=lambda result: difference(result, recorded))

    return gradient


def _recorded(call: Call, slot: int) -> Array | None:
    try:
        return call.array(call.called.grad_inputs[slot]) if call.called is not None else None
    except (Unknown, IndexError):
        return None


def _selections(shape: tuple[int, ...], piece: tuple[int, ...]) -> Iterator[Any]:
    for dim, size in enumerate(shape):
        if shape[:dim] + shape[dim + 1 :] == piece:
            for index in range(size):
                yield (*[slice(None)] * dim, index)


def _slices(shape: tuple[int, ...], piece: tuple[int, ...]) -> Iterator[Any]:
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
    inputs = () if call.operation is None else call.operation.inputs
    shapes = [call.shape(index) for index in range(len(inputs))]
    fitting = [
        dim for dim in range(g.ndim) if sum(shape[dim] for shape in shapes if len(shape) == g.ndim) == g.shape[dim]
    ]
    # torch joins along the first dimension unless it is told otherwise.
    return fitting[0] if fitting else 0


def _cat(call: Call, slot: int) -> Array:
    dim = _joined_dim(call)
    start = sum(call.shape(index)[dim] for index in range(slot))
    return np.take(call.grad(), range(start, start + call.shape(slot)[dim]), dim)


def _stack(call: Call, slot: int) -> Array:
    g, x, y = call.grad(), call.argument(slot), call.output()
    given = call.parameter_or(None, "dim", "#0")
    if isinstance(given, int):
        return np.take(g, slot, given % g.ndim)
    for dim in range(g.ndim):
        if slot < g.shape[dim] and np.array_equal(np.take(y, slot, dim), x, equal_nan=True):
            return np.take(g, slot, dim)
    raise Unknown


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
            recorded = _recorded(call, slot)
            if recorded is None or difference(stacked, recorded) < 1e-3 or shape.count(size) == 1:
                return stacked
    raise Unknown


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


def _repeat(call: Call, slot: int) -> Array:
    g, shape = call.grad(), call.shape(slot)
    padded = (1,) * (g.ndim - len(shape)) + shape
    counts = [total // size if size else 0 for total, size in zip(g.shape, padded, strict=True)]
    interleaved = [part for pair in zip(counts, padded, strict=True) for part in pair]
    return g.reshape(interleaved).sum(axis=tuple(range(0, 2 * g.ndim, 2))).reshape(shape)


def _triangle(keep: Callable[..., Array]) -> Callable[[Call, int], Array]:
    def gradient(call: Call, slot: int) -> Array:  # noqa: ARG001
        return keep(call.grad(), int(call.parameter_or(0, "diagonal", "#0")))

    return gradient


def _flip(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, x, y = call.grad(), call.argument(0), call.output()
    for count in range(1, x.ndim + 1):
        for dims in itertools.combinations(range(x.ndim), count):
            if np.array_equal(np.flip(x, dims), y, equal_nan=True):
                return np.flip(g, dims)
    raise Unknown


def _roll(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, x, y = call.grad(), call.argument(0), call.output()
    axes = (None, *range(x.ndim))
    for axis in axes:
        for shift in range(x.size if axis is None else x.shape[axis]):
            if np.array_equal(np.roll(x, shift, axis), y, equal_nan=True):
                return np.roll(g, -shift, axis)
    raise Unknown


def _trace(call: Call, slot: int) -> Array:
    rows, columns = call.shape(slot)
    return call.grad() * np.eye(rows, columns)


def _pad(call: Call, slot: int) -> Array:  # noqa: ARG001
    """The middle of the gradient: where it lies, the values show."""
    g, x, y = call.grad(), call.argument(0), call.output()
    if x.ndim != y.ndim or any(now < before for now, before in zip(y.shape, x.shape, strict=True)):
        raise Unknown
    for starts in np.ndindex(*(now - before + 1 for now, before in zip(y.shape, x.shape, strict=True))):
        place = tuple(slice(start, start + size) for start, size in zip(starts, x.shape, strict=True))
        if np.array_equal(y[place], x, equal_nan=True):
            return g[place]
    raise Unknown


_PIECE = "A piece was taken out of x: the gradient is put back where the piece was, and the rest of x receives 0."
_SHAPE = "Only the shape changed, not the elements: the gradient is put back into the input's shape."

RULES = (
    Rule(
        ("View", "Reshape", "UnsafeView", "ReshapeAlias", "Flatten", "Unsqueeze", "Squeeze", "ViewAsReal"),
        rf"{X} = \mathrm{{reshape}}(g)",
        _SHAPE,
        "derivatives.yaml: view, unsqueeze, squeeze",
        _reshape,
        forward=_reshaped,
        needs="only the input's shape",
    ),
    Rule(
        ("T",),
        rf"{X} = {{g}}^{{\top}}",
        "The matrix was transposed, so the gradient is transposed back.",
        "derivatives.yaml: t",
        _transpose_last,
        forward=_transposed,
    ),
    Rule(
        ("Transpose", "Permute", "Movedim"),
        rf"{X} = \mathrm{{permute}}^{{-1}}(g)",
        "The dimensions changed places, so the gradient's change back.",
        "derivatives.yaml: permute, transpose",
        _permute,
    ),
    Rule(
        ("Expand", "BroadcastTo"),
        rf"{X} = \sum_{{copies}} g",
        "Each element was used many times, so the gradients of all its copies are added up.",
        "derivatives.yaml: expand",
        _expand,
        forward=_expanded,
        needs="only the input's shape",
    ),
    Rule(
        ("Repeat", "Tile"),
        rf"{X} = \sum_{{copies}} g",
        "Each element was copied, so the gradients of all its copies are added up.",
        "derivatives.yaml: repeat",
        _repeat,
        needs="only the input's shape",
    ),
    Rule(
        ("Select",),
        rf"{X}[i] = g, \qquad 0 \; \mathrm{{elsewhere}}",
        _PIECE,
        "derivatives.yaml: select",
        _placed(_selections),
    ),
    Rule(
        ("Slice", "Narrow"),
        rf"{X}[a:b] = g, \qquad 0 \; \mathrm{{elsewhere}}",
        _PIECE,
        "derivatives.yaml: slice",
        _placed(_slices),
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
    ),
    Rule(
        ("Split", "SplitWithSizes", "Chunk"),
        rf"{X} = \mathrm{{cat}}(g_1, g_2, \ldots)",
        "The gradients of all parts are joined again; a part that was not used counts as 0.",
        "derivatives.yaml: split",
        _split,
    ),
    Rule(
        ("Tril",),
        rf"{X} = \mathrm{{tril}}(g)",
        "What was cut away above the diagonal receives 0.",
        "derivatives.yaml: tril",
        _triangle(np.tril),
    ),
    Rule(
        ("Triu",),
        rf"{X} = \mathrm{{triu}}(g)",
        "What was cut away below the diagonal receives 0.",
        "derivatives.yaml: triu",
        _triangle(np.triu),
    ),
    Rule(
        ("Flip",),
        rf"{X} = \mathrm{{flip}}(g)",
        "The order was turned round, so the gradient's is turned back.",
        "derivatives.yaml: flip",
        _flip,
    ),
    Rule(
        ("Roll",),
        rf"{X} = \mathrm{{roll}}^{{-1}}(g)",
        "The elements moved on in a circle, so the gradient's move back.",
        "derivatives.yaml: roll",
        _roll,
    ),
    Rule(
        ("Trace",),
        rf"{X} = g \, I",
        "Only the diagonal was added up, so only the diagonal receives the gradient.",
        "derivatives.yaml: trace",
        _trace,
        needs="only the input's shape",
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
