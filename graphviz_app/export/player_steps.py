"""The pictures of a player: every shape of every step once, and each step as runs of them.

From one step to the next most shapes stay as they are. They are numbered in the order in which they are first drawn,
so a picture is a few runs of neighbours: a run of a hundred steps is hardly larger than a few pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_app.export.painter import shape_key
from graphviz_app.export.svg import element, number
from graphviz_app.export.text import visible_text
from graphviz_app.recording import events as ev
from graphviz_app.scene.shapes import Shape, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from graphviz_app.export.source import Source
    from graphviz_app.scene.frame import SceneFrame
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import Chapter

MOST_STEPS = 1200
"""Steps in one file."""
MOST_MOVING_STEPS = 250
"""Players of more steps show gradients where they arrive, not on their way."""
MOVES = 7


class PlayerSteps:
    """All that a player shows.

    Attributes:
        elements: SVG elements.
        views: The `viewBox` of each chapter.
        items: The steps: "step", "view", "caption", "line", "runs", and where gradients move "moves", "starts" a pass.
        characters: All characters of all pictures.
        notice: What was left out, in a sentence, or "".
    """

    def __init__(self, source: Source, theme: Theme, chapter: Chapter, progress: Callable[[float], None]) -> None:
        self._source = source
        self._theme = theme
        self.elements: list[str] = []
        self.views: list[str] = []
        self.items: list[dict[str, Any]] = []
        self.characters: set[str] = set()
        self.notice = ""
        self._numbers: dict[Hashable, int] = {}
        self._view_numbers: dict[int, int] = {}
        steps = self._chosen(chapter)
        self._moves = MOVES if len(steps) <= MOST_MOVING_STEPS else 0
        for done, step in enumerate(steps):
            self.items.append(self._item(step))
            progress(0.95 * (done + 1) / len(steps))

    def picture(self, runs: list[int]) -> str:
        """The SVG elements of a picture."""
        pairs = zip(runs[::2], runs[1::2], strict=True)
        return "".join("".join(self.elements[first : first + count]) for first, count in pairs)

    def _chosen(self, chapter: Chapter) -> list[int]:
        timeline = self._source.timeline
        if timeline.step_count < MOST_STEPS:
            return list(range(timeline.step_count + 1))
        steps = range(chapter.first_step, chapter.last_step + 1)
        every = -(-len(steps) // MOST_STEPS)
        self.notice = f"This run has {timeline.step_count:,} steps; this file shows {chapter.title} alone"
        self.notice += f", every {every}th step of it." if every > 1 else "."
        return [step for step in steps if (step - steps.start) % every == 0 or step == steps.stop - 1]

    def _item(self, step: int) -> dict[str, Any]:
        frame = self._source.frame(step, self._theme)
        event, span = frame.state.event, frame.state.span
        item: dict[str, Any] = {
            "step": step,
            "view": self._view(frame),
            "caption": visible_text(frame.caption),
            "line": span.line if span is not None and span.file == 0 else 0,
            "runs": self._runs(frame.shapes()),
        }
        if isinstance(event, ev.BackwardStarted):
            item["starts"] = True
        if self._moves and frame.tokens:
            item["moves"] = [self._runs(frame.shapes((move + 0.5) / self._moves)) for move in range(self._moves)]
        return item

    def _view(self, frame: SceneFrame) -> int:
        chapter = frame.picture.chapter.index
        if chapter not in self._view_numbers:
            self._view_numbers[chapter] = len(self.views)
            self.views.append(" ".join(map(number, frame.bounds)))
        return self._view_numbers[chapter]

    def _runs(self, shapes: Iterable[Shape]) -> list[int]:
        runs: list[int] = []
        for shape in shapes:
            element_number = self._element(shape)
            if runs and runs[-2] + runs[-1] == element_number:
                runs[-1] += 1
            else:
                runs += (element_number, 1)
        return runs

    def _element(self, shape: Shape) -> int:
        key = shape_key(shape)
        if key not in self._numbers:
            self._numbers[key] = len(self.elements)
            self.elements.append(element(shape))
            if isinstance(shape, Text):
                self.characters.update(visible_text(shape.text))
        return self._numbers[key]
