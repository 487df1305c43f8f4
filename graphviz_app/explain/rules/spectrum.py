"""Rules of Fourier transforms."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

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
    Dims = tuple[int, ...]

_MOST_DIMS = 4


def _choices(ndim: int) -> Iterator[Dims]:
    """Every choice of dimensions, a single last one first."""
    dims = range(ndim)
    for count in range(1, min(ndim, _MOST_DIMS) + 1):
        yield from reversed(list(itertools.combinations(dims, count)))


def _scales(sizes: list[int]) -> tuple[float, ...]:
    """What a transform is divided by: nothing, its root, its size."""
    count = float(np.prod(sizes))
    return 1.0, count**-0.5, 1 / count


def _transforms(shape: Dims) -> Iterator[tuple[Dims, bool, float]]:
    """Along which dimensions, in which direction and with which factor a call may have gone."""
    for dims in _choices(len(shape)):
        for is_inverse, scale in itertools.product((False, True), _scales([shape[dim] for dim in dims])):
            yield dims, is_inverse, scale


def _transform(x: Array, dims: Dims, *, is_inverse: bool) -> Array:
    """A transform without any factor."""
    return np.fft.ifftn(x, axes=dims, norm="forward") if is_inverse else np.fft.fftn(x, axes=dims)


def _complex(call: Call, slot: int) -> Array:
    """Complex to complex: the way back is the transform the other way round."""
    g = call.grad()
    if g.ndim > _MOST_DIMS:
        raise Unknown
    result = _results(call)
    found: list[Array] = []
    for dims, is_inverse, scale in _transforms(g.shape):
        if result is None or close(scale * _transform(result[0], dims, is_inverse=is_inverse), result[1], 1e-4):
            found.append(scale * _transform(g, dims, is_inverse=not is_inverse))
    return call.nearest(slot, found)


def _results(call: Call) -> tuple[Array, Array] | None:
    """What went in and came out, or None where one of them is not known; then the gradient alone tells."""
    try:
        return call.argument(0), call.output()
    except Unknown:
        call.is_guessed = True
        return None


def _halves(shape: Dims, half: Dims) -> Iterator[tuple[int, Dims]]:
    """The last dimension of a real transform, of which only half is kept, and all of its dimensions."""
    for dims in _choices(len(shape)):
        for last in dims:
            kept = tuple(size // 2 + 1 if dim == last else size for dim, size in enumerate(shape))
            if kept == half or shape == half:
                yield last, dims


def _from_real(call: Call, slot: int) -> Array:
    """Real to complex: the real part of the whole transform back, of what came for the half that was kept."""
    g, shape = call.grad(), call.shape(slot)
    if g.ndim > _MOST_DIMS:
        raise Unknown
    result = _results(call)
    found: list[Array] = []
    for last, dims in _halves(shape, g.shape):
        whole = np.zeros(shape, np.complex128)
        whole[tuple(slice(size) for size in g.shape)] = g
        for is_inverse, scale in itertools.product((False, True), _scales([shape[dim] for dim in dims])):
            if result is not None:
                y = scale * _transform(result[0], dims, is_inverse=is_inverse)
                if not close(np.take(y, range(g.shape[last]), last), result[1], 1e-4):
                    continue
            found.append(scale * np.real(_transform(whole, dims, is_inverse=not is_inverse)))
    return call.nearest(slot, found)


def _to_real(call: Call, slot: int) -> Array:
    """Complex to real: each kept frequency stood for its mirror image as well, except the first, and the middle one."""
    g, shape = call.grad(), call.shape(slot)
    if g.ndim > _MOST_DIMS:
        raise Unknown
    found: list[Array] = []
    for last, dims in _halves(g.shape, shape):
        if g.shape[last] // 2 + 1 != shape[last]:
            continue
        counts = np.full(shape[last], 2.0)
        counts[0] = 1.0
        if g.shape[last] % 2 == 0:
            counts[-1] = 1.0
        counts = counts.reshape([-1 if dim == last else 1 for dim in range(g.ndim)])
        for is_inverse, scale in itertools.product((True, False), _scales([g.shape[dim] for dim in dims])):
            back = scale * _transform(g, dims, is_inverse=not is_inverse)
            found.append(np.take(back, range(shape[last]), last) * counts)
    call.is_guessed = True
    return call.nearest(slot, found)


_WORDS = (
    "Every frequency is a sum of all values, each turned by its own angle: on the way back the gradient of each "
    "value is "
    "the sum of all frequencies' gradients, turned the other way. That is the inverse transform, up to its factor."
)

RULES = (
    Rule(
        ("FftC2C",),
        rf"{X} = \mathcal{{F}}^{{*}} g, \qquad {X}_j = \sum_k g_k \, e^{{2 \pi i \, j k / n}}",
        _WORDS,
        "derivatives.yaml: _fft_c2c; a unitary transform's adjoint is its inverse",
        _complex,
    ),
    Rule(
        ("FftR2C",),
        rf"{X} = \mathrm{{Re}} \, \mathcal{{F}}^{{*}} g, \qquad {X}_j = \mathrm{{Re}} \sum_k g_k \, "
        r"e^{2 \pi i \, j k / n}",
        _WORDS + " The values were real, so their gradient is; of frequencies that were not kept none comes.",
        "derivatives.yaml: _fft_r2c; a unitary transform's adjoint is its inverse",
        _from_real,
    ),
    Rule(
        ("FftC2R",),
        rf"{X} = c \, \mathcal{{F}} g, \qquad c_k = 1 \; \mathrm{{or}} \; 2",
        _WORDS
        + " Half of the frequencies were left out, since they mirror the others: those that stood for two receive "
        "twice as much.",
        "derivatives.yaml: _fft_c2r; a unitary transform's adjoint is its inverse",
        _to_real,
    ),
)
