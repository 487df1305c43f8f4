"""One pass as a film: which pictures, for how long, and the GIF or MP4 made of them."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from graphviz_app.export.errors import ExportError
from graphviz_app.export.painter import Painter
from graphviz_app.export.palette import Palette
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphviz_app.export.source import Source
    from graphviz_app.scene.theme import Theme

MOST_PICTURES = 240
"""Pictures in a film: at three a second a minute and a half, which nobody watches twice."""
LONGEST_SIDE = 1600
"""Pixels; beyond it films are made smaller."""
MOST_PIXELS = 250_000_000
"""In all pictures together: what fits into memory while the palette is made."""
_FORWARD, _BACKWARD, _TWEEN, _END = 350, 900, 70, 2500
"""Milliseconds that a picture of the forward pass, of the backward pass, of a move, and the last one stay."""
_MOVES = 8
"""Pictures of a gradient on its way, where there are not too many."""
_FRAMES_A_SECOND = 25
_MILLISECOND = Fraction(1, 1000)


class Shot(NamedTuple):
    """One picture of a film: a step, how far its gradients are on their way, and how long it stays in milliseconds."""

    step: int
    phase: float
    milliseconds: int


def shots(source: Source, first_step: int, last_step: int) -> list[Shot]:
    """Plan a film of some steps; fewer moves, then fewer steps, where it would have too many pictures."""
    steps = range(first_step, last_step + 1)
    moving = {step for step in steps if isinstance(source.timeline.event(step), ev.NodeCalled | ev.BackwardStarted)}
    every = -(-len(steps) // MOST_PICTURES)
    kept = [step for step in steps if (step - first_step) % every == 0 or step == last_step]
    free = MOST_PICTURES - len(kept)
    count = sum(step in moving for step in kept)
    moves = min(_MOVES, free // count) if count else 0
    planned: list[Shot] = []
    for step in kept:
        if step in moving:
            planned += [Shot(step, (move + 0.5) / moves, _TWEEN) for move in range(moves)]
        planned.append(Shot(step, 1.0, _BACKWARD if step in moving else _FORWARD))
    planned[-1] = planned[-1]._replace(milliseconds=_END)
    return planned


def film_pictures(
    source: Source, planned: Sequence[Shot], theme: Theme, scale: float, progress: Callable[[float], None]
) -> Iterator[tuple[Image.Image, int]]:
    """The pictures of a film in RGB, all of one even size, with their milliseconds."""
    painter: Painter | None = None
    for number, shot in enumerate(planned):
        drawing = source.drawing(shot.step, theme, shot.phase)
        if painter is None:
            painter = Painter(min(scale, _fitting_scale(drawing.width, drawing.height, len(planned))))
        yield _even(painter.paint(drawing), theme.background), shot.milliseconds
        progress((number + 1) / len(planned))


def _even(image: Image.Image, background: str) -> Image.Image:
    """The image with even sides, which video wants."""
    size = (image.width + image.width % 2, image.height + image.height % 2)
    if image.size == size:
        return image
    canvas = Image.new("RGB", size, background)
    canvas.paste(image)
    return canvas


def gif_bytes(pictures: Iterator[tuple[Image.Image, int]]) -> bytes:
    """A GIF that repeats for ever, all pictures in one palette made for them."""
    images, durations = _all(pictures)
    palette = Palette(_samples(images))
    indexed = [palette.apply(image) for image in images]
    stream = io.BytesIO()
    indexed[0].save(
        stream, "gif", save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False, disposal=1
    )
    return stream.getvalue()


def mp4_bytes(pictures: Iterator[tuple[Image.Image, int]]) -> bytes:
    """An H.264 video.

    Raises:
        ExportError: If PyAV, which is an extra, is not installed.
    """
    try:
        import av
    except ImportError:
        raise ExportError("MP4 films need one more package: pip install graphviz-app[film]") from None
    stream = io.BytesIO()
    container: Any
    with av.open(stream, "w", format="mp4") as container:
        video: Any = None
        now = 0
        image: Image.Image | None = None
        for image, milliseconds in pictures:
            if video is None:
                video = _video(container, image)
            _encode(container, video, av.VideoFrame.from_image(image), now)
            now += milliseconds
        if image is not None:
            # A picture lasts until the next: the last one is shown once more at the end.
            _encode(container, video, av.VideoFrame.from_image(image), now)
            container.mux(video.encode())
    return stream.getvalue()


def _video(container: Any, image: Image.Image) -> Any:
    video = container.add_stream("libx264", rate=_FRAMES_A_SECOND, options={"crf": "20"})
    video.width, video.height, video.pix_fmt = image.width, image.height, "yuv420p"
    video.codec_context.time_base = _MILLISECOND
    return video


def _encode(container: Any, video: Any, frame: Any, now: int) -> None:
    frame.pts, frame.time_base = now, _MILLISECOND
    container.mux(video.encode(frame))


def _fitting_scale(width: float, height: float, count: int) -> float:
    by_side = LONGEST_SIDE / max(width, height)
    return min(by_side, (MOST_PIXELS / max(count, 1) / (width * height)) ** 0.5)


def _all(pictures: Iterator[tuple[Image.Image, int]]) -> tuple[list[Image.Image], list[int]]:
    images: list[Image.Image] = []
    durations: list[int] = []
    for image, milliseconds in pictures:
        # GIFs count in hundredths of a second.
        rounded = round(milliseconds / 10) * 10
        if images and images[-1].tobytes() == image.tobytes():
            durations[-1] += rounded
        else:
            images.append(image)
            durations.append(rounded)
    return images, durations


def _samples(images: Sequence[Image.Image]) -> list[Image.Image]:
    """A few pictures from all parts of a film, the last one among them."""
    count = min(len(images), 6)
    return [images[round(number * (len(images) - 1) / max(count - 1, 1))] for number in range(count)]
