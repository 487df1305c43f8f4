"""Rules of functions that only copy elements from one place to another: each gradient goes back where its element was.

Such a function is its own rule: it moves the numbers of the places in just the same way, so they say where each element
came from. -1 stands for what came from nowhere, such as the zeros of an edge.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Shape = tuple[int, ...]
    Moves = Callable[["Call", Array, Shape], Iterable[Array]]

_MOST_MOVES = 64


def _moved(moves: Moves) -> Callable[[Call, int], Array]:
    """The gradient put back; of several moves that fit the shapes, the one that the values show."""

    def gradient(call: Call, slot: int) -> Array:
        g, shape = call.grad(), call.shape(0)
        places = np.arange(int(np.prod(shape))).reshape(shape)
        fitting = [
            each for each in itertools.islice(moves(call, places, g.shape), _MOST_MOVES) if each.shape == g.shape
        ]
        if len(fitting) > 1:
            fitting = [each for each in fitting if _agrees(call, each)]
        return call.nearest(slot, [put_back(g, each, shape) for each in fitting])

    return gradient


def _agrees(call: Call, places: Array) -> bool:
    """Whether elements moved so make the result, where both are known; a copy of an element is exact."""
    try:
        x, y = call.argument(0), call.output()
    except Unknown:
        return True
    moved = np.where(places >= 0, x.reshape(-1)[places], y)
    return np.array_equal(moved, y, equal_nan=True)


def put_back(g: Array, places: Array, shape: Shape) -> Array:
    """What elements receive that were copied to where their numbers stand; added up where there are several."""
    result = np.zeros(int(np.prod(shape)), g.dtype)
    is_copy = places >= 0
    np.add.at(result, places[is_copy], g[is_copy])
    return result.reshape(shape)


def _one_number(call: Call, *names: str) -> int:
    number = call.parameter(*names)
    if not isinstance(number, int) or isinstance(number, bool):
        raise Unknown
    return number


def _shuffled(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001 - moves are called alike
    """Channels become pixels: each r × r of them a square."""
    *batch, channels, height, width = places.shape
    factor = shape[-1] // width if width else 1
    split = places.reshape(*batch, channels // factor**2, factor, factor, height, width)
    count = len(batch)
    order = (*range(count + 1), count + 3, count + 1, count + 4, count + 2)
    yield np.transpose(split, order).reshape(*batch, channels // factor**2, height * factor, width * factor)


def _unshuffled(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001
    *batch, channels, height, width = places.shape
    factor = width // shape[-1] if shape[-1] else 1
    split = places.reshape(*batch, channels, height // factor, factor, width // factor, factor)
    count = len(batch)
    order = (*range(count + 1), count + 2, count + 4, count + 1, count + 3)
    yield np.transpose(split, order).reshape(shape)


def _between_groups(call: Call, places: Array, shape: Shape) -> Iterator[Array]:
    """The channels of groups, dealt out in turn."""
    groups = _one_number(call, "groups", "#0")
    split = places.reshape(places.shape[0], groups, -1, *places.shape[2:])
    yield np.swapaxes(split, 1, 2).reshape(shape)


def _windows_of_line(call: Call, places: Array, shape: Shape) -> Iterator[Array]:
    """`x.unfold(dim, size, step)`: the windows, as a last dimension more."""
    if not places.ndim:
        yield places.reshape(shape)
        return
    size = shape[-1]
    given = call.parameter_or(None, "step", "#2")
    for dim in range(places.ndim):
        whole = np.lib.stride_tricks.sliding_window_view(places, size, dim) if size <= places.shape[dim] else None
        for step in range(1, places.shape[dim] + 1) if given is None else (int(given),):
            if whole is not None:
                yield whole[(*[slice(None)] * dim, slice(None, None, step))]


def _diagonals(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001
    """`diag_embed`: the last dimension on a diagonal of two new ones."""
    ndim = places.ndim + 1
    count = places.shape[-1]
    for first, second in itertools.permutations(range(ndim), 2):
        offset = abs(shape[first] - count) if len(shape) == ndim else 0
        for shift in {offset, -offset}:
            rows = np.arange(count) + max(-shift, 0)
            columns = np.arange(count) + max(shift, 0)
            square = np.full((*places.shape[:-1], count + abs(shift), count + abs(shift)), -1)
            square[..., rows, columns] = places
            yield np.moveaxis(square, (-2, -1), (first, second))


def _turned(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001
    for times in range(1, 4):
        for dims in itertools.permutations(range(places.ndim), 2):
            if dims[0] < dims[1]:
                yield np.rot90(places, times, dims)


def _edged(mode: str) -> Moves:
    """The image with an edge of copies of its own pixels; how wide it is in front, the values show."""

    def moves(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001
        if len(shape) != places.ndim:
            return
        extra = [now - before for now, before in zip(shape, places.shape, strict=True)]
        choices = [range(width + 1) if width >= 0 else range(0) for width in extra]
        middle = [width // 2 for width in extra]
        # The same on both sides is by far the most common.
        for starts in sorted(itertools.product(*choices), key=lambda each: each != tuple(middle)):
            widths = [(start, width - start) for start, width in zip(starts, extra, strict=True)]
            try:
                yield np.pad(places, widths, mode)  # pyright: ignore[reportCallIssue, reportArgumentType]
            except ValueError:
                continue

    return moves


def _columns(call: Call, places: Array, shape: Shape) -> Iterator[Array]:  # noqa: ARG001
    """`F.unfold`: each window of an image as a column."""
    size, dilation, padding, stride = (
        _pair_of(call, default, *names)
        for default, *names in (
            (None, "kernel_size", "#0"),
            (1, "dilation", "#1"),
            (0, "padding", "#2"),
            (1, "stride", "#3"),
        )
    )
    yield as_columns(places, size, dilation, padding, stride)


def as_columns(places: Array, size: Shape, dilation: Shape, padding: Shape, stride: Shape) -> Array:
    """Each window of an image as a column, with -1 where it reaches over the edge."""
    widths = [(0, 0)] * (places.ndim - 2) + [(width, width) for width in padding]
    padded = np.pad(places, widths, constant_values=-1)
    counts = [
        (length - step * (side - 1) - 1) // stride_ + 1
        for length, step, side, stride_ in zip(padded.shape[-2:], dilation, size, stride, strict=True)
    ]
    rows = np.arange(size[0])[:, None] * dilation[0] + np.arange(counts[0])[None] * stride[0]
    columns = np.arange(size[1])[:, None] * dilation[1] + np.arange(counts[1])[None] * stride[1]
    seen = padded[..., rows[:, None, :, None], columns[None, :, None, :]]
    return seen.reshape(*places.shape[:-3], places.shape[-3] * size[0] * size[1], counts[0] * counts[1])


def _pair_of(call: Call, default: int | None, *names: str) -> Shape:
    given = call.parameter(*names) if default is None else call.parameter_or(default, *names)
    return tuple(given) if isinstance(given, tuple) else (int(given), int(given))


def _from_columns(call: Call, slot: int) -> Array:  # noqa: ARG001
    """`F.fold` adds the windows up: each receives what came for its pixels."""
    g = call.grad()
    size, dilation, padding, stride = (
        _pair_of(call, default, *names)
        for default, *names in (
            (None, "kernel_size", "#1"),
            (1, "dilation", "#2"),
            (0, "padding", "#3"),
            (1, "stride", "#4"),
        )
    )
    places = as_columns(np.arange(g.size).reshape(g.shape), size, dilation, padding, stride)
    return np.where(places >= 0, g.reshape(-1)[places], 0).reshape(call.shape(0))


_BACK = "Each element was only copied, so it receives the gradient of its copy, of all of them where there are several."
_BACK_FORMULA = rf"{X}_i = \sum_{{copies \; of \; i}} g"

RULES = (
    *(
        Rule((*names,), formula, words, f"derivatives.yaml: {source}", _moved(moves), needs=needs)
        for names, formula, words, source, moves, needs in (
            (("PixelShuffle",), rf"{X} = \mathrm{{unshuffle}}(g)", _BACK, "pixel_shuffle", _shuffled, ""),
            (("PixelUnshuffle",), rf"{X} = \mathrm{{shuffle}}(g)", _BACK, "pixel_unshuffle", _unshuffled, ""),
            (
                ("ChannelShuffle",),
                rf"{X} = \mathrm{{shuffle}}^{{-1}}(g)",
                _BACK,
                "channel_shuffle",
                _between_groups,
                "",
            ),
            (("Unfold",), _BACK_FORMULA, _BACK, "unfold", _windows_of_line, ""),
            (("Im2Col",), _BACK_FORMULA, _BACK, "im2col", _columns, ""),
            (("DiagEmbed",), rf"{X} = \mathrm{{diag}} \; g", _BACK, "diag_embed", _diagonals, ""),
            (("Rot90",), rf"{X} = \mathrm{{rot90}}^{{-1}}(g)", _BACK, "rot90", _turned, ""),
            (
                ("ReflectionPad1D", "ReflectionPad2D", "ReflectionPad3D"),
                _BACK_FORMULA,
                "The edge is a mirror image of the pixels next to it: they receive its gradient as well as their own.",
                "reflection_pad2d",
                _edged("reflect"),
                "only the widths of the edge",
            ),
            (
                ("ReplicationPad1D", "ReplicationPad2D", "ReplicationPad3D"),
                _BACK_FORMULA,
                "The edge repeats the outermost pixels: they receive its gradient as well as their own.",
                "replication_pad2d",
                _edged("edge"),
                "only the widths of the edge",
            ),
        )
    ),
    Rule(
        ("Col2Im",),
        rf"{X} = \mathrm{{unfold}}(g)",
        "Windows were laid on an image and added up, so each receives what came for the pixels below it.",
        "derivatives.yaml: col2im",
        _from_columns,
    ),
)
