"""The 256 colours of a GIF: those that fill areas exactly, the rest as near as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Colours = npt.NDArray[np.int32]

_COLOURS = 256
_EXACT = 96
"""The most frequent colours are kept exactly: backgrounds and fills must not change by a shade."""
_AT_A_TIME = 4096


class Palette:
    """One palette for all pictures of a film.

    Args:
        samples: Pictures in RGB, of one size, from all parts of the film.
    """

    def __init__(self, samples: Sequence[Image.Image]) -> None:
        sheet = Image.new("RGB", (samples[0].width, samples[0].height * len(samples)))
        for number, image in enumerate(samples):
            sheet.paste(image, (0, number * image.height))
        colours, counts = np.unique(_packed(sheet), return_counts=True)
        frequent = colours[np.argsort(-counts, kind="stable")][:_EXACT]
        blended = sheet.quantize(_COLOURS - len(frequent), method=Image.Quantize.MEDIANCUT).getpalette() or []
        rest = np.array(blended, np.int32).reshape(-1, 3)
        self._colours = np.vstack([_unpacked(frequent), rest])[:_COLOURS]
        self._nearest = np.zeros(1 << 24, np.uint8)
        self._known = np.zeros(1 << 24, np.bool_)

    def apply(self, image: Image.Image) -> Image.Image:
        """The image with each pixel in the palette's nearest colour."""
        packed = _packed(image)
        new = np.unique(packed[~self._known[packed]])
        for start in range(0, len(new), _AT_A_TIME):
            self._learn(new[start : start + _AT_A_TIME])
        indexed = Image.fromarray(self._nearest[packed])
        indexed.putpalette(self._colours.astype(np.uint8).tobytes())
        return indexed

    def _learn(self, packed: npt.NDArray[np.int32]) -> None:
        apart = _unpacked(packed)[:, None, :] - self._colours[None, :, :]
        self._nearest[packed] = np.einsum("ijk,ijk->ij", apart, apart).argmin(axis=1)
        self._known[packed] = True


def _packed(image: Image.Image) -> npt.NDArray[np.int32]:
    channels = np.asarray(image, np.int32)
    return (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]


def _unpacked(colours: npt.NDArray[np.int32]) -> Colours:
    return np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=-1).astype(np.int32)
