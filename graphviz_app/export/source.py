"""Where an export's pictures come from: a recording, its timeline, and a picture for each chapter, made when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.export.drawing import Drawing
from graphviz_app.export.errors import ExportError
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import LayoutError
from graphviz_app.recording import events as ev
from graphviz_app.scene.picture import prepare
from graphviz_app.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.recording import Recording
    from graphviz_app.scene.frame import SceneFrame
    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import Chapter


class Source:
    """A recording to export.

    Args:
        recording: What happened.
        timeline: Its timeline, where there is one already.
        make_picture: Gives the picture of the chapter of that index, as somebody arranged it; by default each
            chapter is laid out as it is at first sight.
    """

    def __init__(
        self,
        recording: Recording,
        timeline: Timeline | None = None,
        make_picture: Callable[[int], Picture] | None = None,
    ) -> None:
        self.recording = recording
        self.timeline = timeline or Timeline(recording)
        self._make_picture = make_picture or self._lay_out
        self._pictures: dict[int, Picture] = {}

    def picture(self, chapter: int) -> Picture:
        """The picture of a chapter.

        Raises:
            ExportError: If no layout could be made.
        """
        if chapter not in self._pictures:
            try:
                self._pictures[chapter] = self._make_picture(chapter)
            except LayoutError as error:
                raise ExportError(f"The graph could not be laid out: {error}") from error
        return self._pictures[chapter]

    def frame(self, step: int, theme: Theme) -> SceneFrame:
        """What is seen at a step."""
        return self.picture(self.timeline.chapter_at(step).index).frame(step, theme)

    def drawing(self, step: int, theme: Theme, phase: float = 1.0) -> Drawing:
        """What is seen at a step, with moving gradients at `phase` (0 to 1) of their way."""
        frame = self.frame(step, theme)
        return Drawing(
            shapes=tuple(frame.shapes(phase)),
            x=frame.bounds[0],
            y=frame.bounds[1],
            width=frame.bounds[2],
            height=frame.bounds[3],
            title=f"{self.title}, {self.timeline.chapter_at(step).title}, step {step}",
            description=frame.caption,
        )

    @property
    def title(self) -> str:
        """The name of the program's file."""
        return self.recording.program.path.replace("\\", "/").rsplit("/", 1)[-1] or "program"

    def chapter(self, step: int | None, pass_id: int | None) -> Chapter:
        """The chapter to show: of a step, else of a pass, else of the last pass.

        Raises:
            ExportError: If there is no such step or pass, in a sentence that says which there are.
        """
        if step is not None:
            return self.timeline.chapter_at(self.checked_step(step))
        if pass_id is not None:
            return self._chapter_of_pass(pass_id)
        with_pass = [chapter for chapter in self.timeline.chapters if chapter.pass_id != ev.NONE]
        return (with_pass or list(self.timeline.chapters))[-1]

    def checked_step(self, step: int) -> int:
        """The step itself.

        Raises:
            ExportError: If there is no such step.
        """
        if not 0 <= step <= self.timeline.step_count:
            raise ExportError(f"There is no step {step}: this run has the steps 0 to {self.timeline.step_count}.")
        return step

    def _chapter_of_pass(self, pass_id: int) -> Chapter:
        try:
            return self.timeline.chapter_of_pass(pass_id)
        except IndexError:
            count = len(self.recording.passes)
            there_are = (
                "no backward pass" if not count else "1 backward pass" if count == 1 else f"{count} backward passes"
            )
            raise ExportError(f"There is no pass {pass_id + 1}: this run has {there_are}.") from None

    def _lay_out(self, chapter: int) -> Picture:
        prepared = prepare(self.recording, self.timeline, self.timeline.chapters[chapter])
        return prepared.finish(lay_out(prepared.request))


def last_picture_step(chapter: Chapter, timeline: Timeline) -> int:
    """The step of a chapter at which there is most to see: when its own pass has just ended, else its last."""
    for summary in timeline.recording.passes:
        if summary.pass_id == chapter.pass_id and summary.end != ev.NONE:
            return timeline.step_of_event(summary.end)
    return chapter.last_step
