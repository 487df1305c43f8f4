"""Windows that slide over an image of any number of dimensions: what convolution and pooling have in common.

An image is (batch, channels, *size), what came of it (batch, channels, *places).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Sizes = tuple[int, ...]

MOST_WORK = 1 << 24
"""Multiplications of one rule: an explanation must be there at once."""


def each_dimension(given: Any, count: int) -> Sizes:
    """One number for each dimension, where one may stand for all."""
    several = tuple(map(int, given)) if isinstance(given, tuple) else (int(given),)
    return several if len(several) == count else several * count


class Windows(NamedTuple):
    """How windows lie on an image.

    Attributes:
        size: Of a window, for each dimension.
        stride: How far one is from the next.
        before: The width of the edge that was added in front.
        dilation: How far apart the pixels under a window are.
    """

    size: Sizes
    stride: Sizes
    before: Sizes
    dilation: Sizes

    def views(self, image: Array, places: Sizes) -> Iterator[tuple[Sizes, Array]]:
        """For each place within a window, the pixels of a padded image under it, for all windows at once."""
        for place in itertools.product(*map(range, self.size)):
            starts = [at * dilation for at, dilation in zip(place, self.dilation, strict=True)]
            ends = [
                start + stride * (count - 1) + 1
                for start, stride, count in zip(starts, self.stride, places, strict=True)
            ]
            yield place, image[(..., *map(slice, starts, ends, self.stride))]

    def padded(self, image: Array, places: Sizes, value: float = 0.0) -> Array:
        """The image with its edges, as large as all windows need it."""
        widths = [(0, 0)] * (image.ndim - len(self.size))
        for dim, size in enumerate(image.shape[-len(self.size) :]):
            reach = (places[dim] - 1) * self.stride[dim] + (self.size[dim] - 1) * self.dilation[dim] + 1
            widths.append((self.before[dim], max(reach - size - self.before[dim], 0)))
        return np.pad(image, widths, constant_values=value)

    def unpadded(self, image: Array, size: Sizes) -> Array:
        """An image without its edges."""
        return image[(..., *(slice(start, start + length) for start, length in zip(self.before, size, strict=True)))]

    # -- convolution, in groups of channels: an image, its weight (out, in / groups, *size), and what came of it -------

    def correlate(self, image: Array, weight: Array, groups: int, places: Sizes) -> Array:
        """A convolution: what the windows see, each times the weight that lies there, added up."""
        _refuse_work(image, weight, places)
        w = _in_groups(weight, groups)
        result: Array = np.zeros(())
        for place, seen in self.views(self.padded(image, places), places):
            view = seen.reshape(len(image), groups, -1, *places)
            result = result + np.einsum("ngc...,goc->ngo...", view, w[(..., *place)])
        return result.reshape(len(image), len(weight), *places)

    def spread(self, came: Array, weight: Array, groups: int, size: Sizes) -> Array:
        """Its gradient for the image: back to each pixel from all windows that it was in."""
        places = came.shape[2:]
        _refuse_work(came, weight, ())
        w, g = _in_groups(weight, groups), came.reshape(len(came), groups, -1, *places)
        empty = np.zeros((len(came), groups * weight.shape[1], *size), np.result_type(came, weight))
        result = self.padded(empty, places)
        for place, seen in self.views(result, places):
            # What a view is written on is its image.
            seen += np.einsum("ngo...,goc->ngc...", g, w[(..., *place)]).reshape(seen.shape)
        return self.unpadded(result, size)

    def weigh(self, image: Array, came: Array, groups: int) -> Array:
        """Its gradient for the weight: every pixel that lay under it, times what came there."""
        places = came.shape[2:]
        channels = image.shape[1] // groups
        shape = (came.shape[1], channels, *self.size)
        _refuse_work(came, np.empty(shape, np.bool_), ())
        g = came.reshape(len(came), groups, -1, int(np.prod(places)))
        result = np.zeros(shape, np.result_type(image, came))
        for place, seen in self.views(self.padded(image, places), places):
            view = seen.reshape(len(image), groups, channels, -1)
            result[(..., *place)] = np.einsum("ngcp,ngop->goc", view, g).reshape(shape[:2])
        return result


def _in_groups(weight: Array, groups: int) -> Array:
    return weight.reshape(groups, len(weight) // groups, *weight.shape[1:])


def _refuse_work(values: Array, weight: Array, places: Sizes) -> None:
    images = len(values) * int(np.prod(places)) if places else values.size // max(values.shape[1], 1)
    if images * weight.size > MOST_WORK:
        raise Unknown
