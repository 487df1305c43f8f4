"""The use cases, without Qt: run, stop, open, save, seek, select, expand, export."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from graphviz_app.recording import Recording, RecordingError
from graphviz_app.session.arrangement import Arrangement
from graphviz_app.session.cursor import Cursor, first_sight
from graphviz_app.session.following import followed
from graphviz_app.session.picture import PictureMaker, Wish
from graphviz_app.session.problem import Problem, problem_of
from graphviz_app.session.recordings import RecordingFolder
from graphviz_app.session.runs import Runs
from graphviz_app.session.selection import Selection, nodes_of, span_of
from graphviz_app.session.signal import Signal
from graphviz_app.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphviz_app.layout.model import Direction
    from graphviz_app.recording.events import Span
    from graphviz_app.runner.outcome import RunOutcome
    from graphviz_app.runner.run import RunProgress
    from graphviz_app.scene.frame import SceneFrame
    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.theme import Theme
    from graphviz_app.session.arrangement import GroupPath
    from graphviz_app.session.picture import Post
    from graphviz_app.timeline import Chapter, StepState

_PICTURES_KEPT = 6


class Session:
    """What the window, or anything else that a person steers, holds in its hand.

    All methods are called, and all signals emitted, on one thread: the one that `post` runs callables on.

    Signals:
        run_started: () a program was handed over.
        run_progress: (RunProgress) about twenty times a second.
        run_ended: (RunOutcome) before the recording is shown.
        recording_changed: (Recording | None, Timeline | None).
        step_changed: (StepState | None) the cursor moved, or another recording is shown.
        picture_changed: (Picture | None) another picture fits the cursor now; its frame is `frame(theme)`.
        picture_busy: (bool, str) a layout is being made, in words; or is not any more.
        selection_changed: (Selection).
        problem: (Problem | None) something to tell the person; None takes back what was told.

    Args:
        post: Runs a callable on the session's thread, later.
        folder: Where recordings of runs go.
    """

    def __init__(self, post: Post, *, folder: RecordingFolder | None = None) -> None:
        self.run_started: Signal[[]] = Signal()
        self.run_progress: Signal[[RunProgress]] = Signal()
        self.run_ended: Signal[[RunOutcome]] = Signal()
        self.recording_changed: Signal[[Recording | None, Timeline | None]] = Signal()
        self.step_changed: Signal[[StepState | None]] = Signal()
        self.picture_changed: Signal[[Picture | None]] = Signal()
        self.picture_busy: Signal[[bool, str]] = Signal()
        self.selection_changed: Signal[[Selection]] = Signal()
        self.problem: Signal[[Problem | None]] = Signal()
        self.recording: Recording | None = None
        self.timeline: Timeline | None = None
        self.outcome: RunOutcome | None = None
        self.selection: Selection = ()
        self._step = 0
        self._arrangement = Arrangement()
        self._pictures: OrderedDict[Wish, Picture] = OrderedDict()
        self._shown: Picture | None = None
        self._maker = PictureMaker(post)
        self._runs = Runs(post, folder or RecordingFolder(), self._on_progress, self._on_run_ended)

    # -- life ------------------------------------------------------------------------------------

    def warm(self) -> None:
        """Start what the first Run will need, in the background: torch in a worker, the layout process."""
        self._runs.warm()
        self._maker.warm()

    def close(self) -> None:
        """End every process and thread of the session; the recording stays on disk."""
        self._runs.close()
        self._maker.close()
        if self.recording is not None:
            self.recording.close()

    # -- running ---------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a program runs."""
        return self._runs.is_running

    def run(
        self, path: str, source: str, arguments: tuple[str, ...] = (), directory: str = "", module: str = ""
    ) -> None:
        """Run a program; a running one is stopped first.

        Args:
            path: What it is called; need not exist.
            source: Its text.
            arguments: What follows the path in `sys.argv`.
            directory: Its working directory; by default that of `path`.
            module: As what it runs, as after `-m`; "" where it is a file.
        """
        self.problem.emit(None)
        try:
            self._runs.start(path, source, arguments, directory, module)
        except OSError as error:
            self.problem.emit(Problem(f"The recording cannot be written: {error.strerror or error}."))
            return
        self.run_started.emit()

    def stop(self) -> None:
        """End the running program at once; what it did until then is shown."""
        self._runs.stop()

    def send_input(self, text: str) -> None:
        """Type into the running program."""
        self._runs.send_input(text)

    def close_input(self) -> None:
        """Let the running program read the end of its input."""
        self._runs.close_input()

    def _on_progress(self, progress: RunProgress) -> None:
        self.run_progress.emit(progress)

    def _on_run_ended(self, outcome: RunOutcome) -> None:
        self.outcome = outcome
        self.run_ended.emit(outcome)
        if outcome.recording_path is None:
            self.problem.emit(Problem(outcome.sentence(), outcome.detail))
            return
        try:
            recording = Recording.open(outcome.recording_path)
        except RecordingError as error:
            self.problem.emit(Problem(str(error)))
            return
        self.show(recording)
        problem = problem_of(recording)
        if outcome.problem:
            problem = Problem(outcome.problem, outcome.detail)
        elif problem is None and not outcome.succeeded:
            problem = Problem(outcome.sentence(), outcome.detail)
        self.problem.emit(problem)

    # -- recordings ------------------------------------------------------------------------------

    def open(self, path: str | Path) -> bool:
        """Show a recording from a file; runs nothing. Returns whether it could be opened."""
        try:
            recording = Recording.open(path)
            recording.check()
        except RecordingError as error:
            self.problem.emit(Problem(str(error), path=str(path)))
            return False
        self.outcome = None
        self.show(recording)
        self.problem.emit(problem_of(recording))
        return True

    def save(self, path: str | Path) -> bool:
        """Write the shown recording to a file. Returns whether that worked."""
        if self.recording is None:
            self.problem.emit(Problem("There is no recording to save: run a program first."))
            return False
        try:
            self.recording.save(path)
        except RecordingError as error:
            self.problem.emit(Problem(str(error), path=str(path)))
            return False
        return True

    def show(self, recording: Recording) -> None:
        """Show a recording, at the step where something can be seen at once."""
        self._maker.cancel()
        # The old one is not closed here: a tile that is just being painted may still read it. It closes itself.
        self.recording = recording
        self.timeline = Timeline(recording)
        self._pictures.clear()
        self._arrangement = Arrangement(direction=self._arrangement.direction)
        self._shown = None
        self._step = first_sight(self.timeline)
        self.recording_changed.emit(recording, self.timeline)
        self.select(())
        self._after_step()

    def clear(self) -> None:
        """Show no recording any more; its file stays."""
        if self.recording is None:
            return
        self._maker.cancel()
        self.recording = self.timeline = self.outcome = self._shown = None
        self._pictures.clear()
        self._step = 0
        self.picture_busy.emit(False, "")
        self.recording_changed.emit(None, None)
        self.select(())
        self.step_changed.emit(None)
        self.picture_changed.emit(None)

    # -- the cursor ------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Where the cursor is."""
        return self._step

    @property
    def cursor(self) -> Cursor | None:
        """Where the cursor is and can go, or None without a recording."""
        return None if self.timeline is None else Cursor(self.timeline, self._step)

    @property
    def state(self) -> StepState | None:
        """What is true at the cursor, or None without a recording."""
        return None if self.timeline is None else self.timeline.state(self._step)

    def seek(self, step: int) -> None:
        """Move the cursor; beyond the ends it stops there."""
        if self.timeline is None:
            return
        step = min(max(step, 0), self.timeline.step_count)
        if step != self._step:
            self._step = step
            self._after_step()

    def forward(self) -> bool:
        """One step on. Returns whether there was one."""
        return self._go(lambda cursor: cursor.forward())

    def back(self) -> bool:
        """One step back. Returns whether there was one."""
        return self._go(lambda cursor: cursor.back())

    def next_pass(self) -> bool:
        """To the start of the next backward pass, else the end. Returns whether the cursor moved."""
        return self._go(lambda cursor: cursor.next_pass())

    def previous_pass(self) -> bool:
        """To the start of the pass before, else the beginning. Returns whether the cursor moved."""
        return self._go(lambda cursor: cursor.previous_pass())

    def next_accumulation(self) -> bool:
        """To the next step at which a `.grad` grows. Returns whether there was one."""
        return self._go(lambda cursor: cursor.next_accumulation())

    def previous_accumulation(self) -> bool:
        """To the last step at which a `.grad` grew. Returns whether there was one."""
        return self._go(lambda cursor: cursor.previous_accumulation())

    def next_call_of(self, node: int) -> bool:
        """To the next step at which this node runs. Returns whether there was one."""
        return self._go(lambda cursor: cursor.next_call_of(node))

    def to_start(self) -> None:
        """To step 0."""
        self.seek(0)

    def to_end(self) -> None:
        """To the last step."""
        if self.timeline is not None:
            self.seek(self.timeline.step_count)

    def go_to_chapter(self, index: int) -> None:
        """To the start of a chapter's backward pass, where its graph is complete."""
        if self.timeline is None or not 0 <= index < len(self.timeline.chapters):
            return
        chapter = self.timeline.chapters[index]
        for summary in self.timeline.recording.passes:
            if summary.pass_id == chapter.pass_id:
                self.seek(self.timeline.step_of_event(summary.start))
                return
        self.seek(chapter.last_step)

    def _go(self, where: Callable[[Cursor], int]) -> bool:
        cursor = self.cursor
        if cursor is None:
            return False
        before = self._step
        self.seek(where(cursor))
        return self._step != before

    def _after_step(self) -> None:
        self.step_changed.emit(self.state)
        if self.timeline is not None and self.selection:
            self.select(followed(self.timeline, self.selection, self.timeline.chapter_at(self._step)))
        self._fit_picture()

    # -- pictures --------------------------------------------------------------------------------

    @property
    def chapter(self) -> Chapter | None:
        """The chapter at the cursor."""
        return None if self.timeline is None else self.timeline.chapter_at(self._step)

    @property
    def picture(self) -> Picture | None:
        """The picture that fits the cursor, or None while it is being made."""
        wish = self._wish(self._step)
        return None if wish is None else self._pictures.get(wish)

    def frame(self, theme: Theme, step: int | None = None, **options: Any) -> SceneFrame | None:
        """What to draw at the cursor, or at another step; None while the picture is being made."""
        step = self._step if step is None else step
        wish = self._wish(step)
        picture = None if wish is None else self._pictures.get(wish)
        return None if picture is None else picture.frame(step, theme, **options)

    @property
    def arrangement(self) -> Arrangement:
        """What is open in the picture, and which way gradients flow."""
        return self._arrangement

    def arrange(self, arrangement: Arrangement) -> None:
        """Show the picture arranged otherwise."""
        self._arrangement = arrangement
        self._fit_picture()

    def expand(self, path: GroupPath) -> None:
        """Show the inside of a group."""
        self.arrange(self._arrangement.with_open(path))

    def collapse(self, path: GroupPath) -> None:
        """Show a group as one box."""
        self.arrange(self._arrangement.with_closed(path))

    def toggle(self, path: GroupPath) -> None:
        """Expand a collapsed group, collapse an expanded one."""
        picture = self._shown
        if picture is not None and path in picture.graph.expanded:
            self.collapse(path)
        else:
            self.expand(path)

    def turn(self, direction: Direction) -> None:
        """Let gradients flow downwards ("TB") or to the right ("LR")."""
        self.arrange(self._arrangement._replace(direction=direction))

    def cancel_picture(self) -> None:
        """Give up the layout that is being made; the last picture stays."""
        self._maker.cancel()
        self.picture_busy.emit(False, "")

    def _wish(self, step: int) -> Wish | None:
        if self.timeline is None or not 0 <= step <= self.timeline.step_count:
            return None
        return self._wish_for(self.timeline, self.timeline.chapter_at(step))

    def _wish_for(self, timeline: Timeline, chapter: Chapter) -> Wish:
        return Wish(timeline, chapter.index, self._arrangement)

    def _fit_picture(self) -> None:
        wish = self._wish(self._step)
        if wish is None:
            return
        picture = self._pictures.get(wish)
        if picture is not None:
            self._pictures.move_to_end(wish)
            self._show_picture(picture)
            return
        self.picture_busy.emit(True, "Laying out the graph …")
        self._maker.make(wish, lambda made: self._on_picture(wish, made), self._on_no_picture, self._shown)

    def _on_picture(self, wish: Wish, picture: Picture) -> None:
        self._keep(wish, picture)
        self.picture_busy.emit(False, "")
        if wish == self._wish(self._step):
            self._show_picture(picture)

    def _on_no_picture(self, sentence: str) -> None:
        self.picture_busy.emit(False, "")
        self.problem.emit(Problem(sentence))

    def _keep(self, wish: Wish, picture: Picture) -> None:
        self._pictures[wish] = picture
        while len(self._pictures) > _PICTURES_KEPT:
            self._pictures.popitem(last=False)

    def _show_picture(self, picture: Picture) -> None:
        if picture is not self._shown:
            self._shown = picture
            self.picture_changed.emit(picture)

    def look_ahead(self) -> None:
        """Make the next chapter's picture, so that it is there when the cursor comes to it; when there is time."""
        chapter = self.chapter
        if chapter is None or self.timeline is None or chapter.index + 1 >= len(self.timeline.chapters):
            return
        wish = self._wish_for(self.timeline, self.timeline.chapters[chapter.index + 1])
        if wish not in self._pictures and not self._maker.is_busy:
            self._maker.make(wish, lambda made: self._keep(wish, made), lambda _: None, self._shown)

    # -- selection -------------------------------------------------------------------------------

    def select(self, selection: Selection) -> None:
        """Select something, or nothing with ()."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def selected_span(self) -> Span | None:
        """The line that the selection belongs to."""
        return None if self.timeline is None else span_of(self.timeline, self.selection)

    def selected_nodes(self, selection: Selection | None = None) -> frozenset[int]:
        """The nodes that a selection means, by default the present one."""
        selection = self.selection if selection is None else selection
        return frozenset() if self.timeline is None else nodes_of(self.timeline, selection)
