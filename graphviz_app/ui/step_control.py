"""The cursor: moving it, playing, and showing every part of the window what is true at its step."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QLabel

from graphviz_app.recording import events as ev
from graphviz_app.scene.frame import FrameOptions
from graphviz_app.scene.theme import THEMES
from graphviz_app.ui.playback import Playback

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.scene.frame import SceneFrame
    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.theme import Theme
    from graphviz_app.session.selection import Selection
    from graphviz_app.session.session import Session
    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.canvas.frame import FrameLike
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts, Views

_TOKENS_MS = 450
_TOKENS_SHARE = 0.8
"""Of the time between two steps while playing, so that gradients arrive before the next ones leave."""
_FASTEST_TOKENS_MS = 60
_NOTICES = 100


class StepControl(QObject):
    """Steps, and keeps the canvas, the timeline, the console and the panels at the cursor."""

    def __init__(self, session: Session, parts: Parts, views: Views, look: Look, speed: float) -> None:
        super().__init__(views.canvas)
        self._session = session
        self._parts = parts
        self._views = views
        self._theme = _theme(look)
        self._options = FrameOptions()
        self._frame: SceneFrame | None = None
        self._moving = False
        self._called: tuple[Timeline | None, Selection, npt.NDArray[np.integer]] = (None, (), np.zeros(0, np.int64))
        self._previous_step = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._follow)
        self.playback = Playback(self.advance, speed, self)

    # ------------------------------------------------------------------ moving

    def advance(self) -> bool:
        """One step on, with its gradients moving; False at the end."""
        self._moving = True
        try:
            return self._session.forward()
        finally:
            self._moving = False

    def toggle_play(self) -> None:
        """Play or pause; at the end, play from the start."""
        timeline = self._session.timeline
        if timeline is None:
            return
        if not self.playback.is_playing and self._session.step == timeline.step_count:
            self._session.to_start()
        self.playback.toggle()

    def forward(self) -> None:
        """One step on."""
        self.playback.pause()
        self.advance()

    def back(self) -> None:
        """One step back."""
        self.playback.pause()
        self._session.back()

    def to_start(self) -> None:
        """To before anything happened."""
        self.playback.pause()
        self._session.to_start()

    def to_end(self) -> None:
        """To the last step."""
        self.playback.pause()
        self._session.to_end()

    def next_pass(self) -> None:
        """To where the next backward pass starts."""
        self._session.next_pass()

    def previous_pass(self) -> None:
        """To where the backward pass before started."""
        self._session.previous_pass()

    def next_accumulation(self) -> None:
        """To where the next `.grad` grows."""
        self._session.next_accumulation()

    def next_call(self) -> None:
        """To when what is selected runs next."""
        coming = self.next_call_of(self._session.selection)
        if coming is not None:
            self._session.seek(coming)

    def next_call_of(self, selection: Selection) -> int | None:
        """The step at which what a selection means runs next."""
        timeline = self._session.timeline
        if timeline is None:
            return None
        if self._called[:2] != (timeline, selection):
            # Every step asks: of a line or a leaf with thousands of nodes, their calls are put in order once.
            calls = [timeline.calls.of(node) for node in self._session.selected_nodes(selection)]
            self._called = (timeline, selection, np.sort(np.concatenate(calls)) if calls else np.zeros(0, np.int64))
        return timeline.next_step_of(self._session.step, self._called[2])

    def close(self) -> None:
        """Stop playing, and what was to follow the last step."""
        self.playback.pause()
        self._soon.stop()

    def seek(self, step: int) -> None:
        """To a step."""
        self.playback.pause()
        self._session.seek(step)

    # ------------------------------------------------------------------ what the session says

    def on_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:
        """Another run is shown."""
        self.playback.pause()
        self._frame = None
        self._called = (None, (), np.zeros(0, np.int64))
        parts, views = self._parts, self._views
        parts.console.clear()
        parts.console.set_notices(() if recording is None else _notices(recording))
        views.timeline.set_recording(recording, timeline)
        views.ledger.set_recording(recording, timeline)
        views.inspector.set_recording(recording, timeline)
        parts.passes.set_timeline(timeline)
        parts.steps.set_timeline(timeline)
        views.canvas.set_picture(None)

    def on_step(self, state: StepState | None) -> None:
        """The cursor moved."""
        parts, views = self._parts, self._views
        for part in (parts.passes, parts.steps, views.timeline, views.inspector):
            part.set_state(state)
        self._soon.start()
        if state is None:
            parts.console.clear()
            parts.status.set_caption("")
        else:
            parts.console.show_first(
                state.printed_count, lambda start: ((piece.stream, piece.text) for piece in state.printed(start))
            )
        self._draw()

    def _follow(self) -> None:
        """What need not be in the first picture of a step: the next one, right after it, has it."""
        self._views.ledger.set_state(self._session.state)
        step, before = self._session.step, self._previous_step
        self._previous_step = step
        # Who went this way goes on this way.
        coming = self._session.frame(self._theme, step + 1 if step >= before else step - 1, options=self._options)
        if coming is not None:
            self._views.canvas.expect(cast("FrameLike", coming))
        self._session.look_ahead()

    def on_picture(self, _picture: Picture | None) -> None:
        """Another picture fits the cursor now."""
        self._draw()
        self._soon.start()

    def on_picture_busy(self, busy: bool, text: str) -> None:
        """A layout is being made."""
        self._parts.status.set_work(text if busy else "")
        if not busy:
            self._views.canvas.set_busy(None)

    def set_look(self, look: Look) -> None:
        """Draw in the look's colours."""
        self._theme = _theme(look)
        self._views.canvas.set_theme(self._theme)
        self._views.canvas.set_reduced_motion(look.reduced_motion)
        self._views.canvas.set_zoom(look.zoom)
        self._dress_panels()
        self._draw()

    def _dress_panels(self) -> None:
        """Panels write colours into texts when their own palette changes, which is before their children's does."""
        for panel in (self._views.inspector, self._views.ledger, self._views.ledger.plot):
            QCoreApplication.sendEvent(panel, QEvent(QEvent.Type.PaletteChange))
        for label in self._views.inspector.findChildren(QLabel):
            if "<a " in (text := label.text()):
                # A label keeps the colour that its links had when the text was set, and ignores the same text again.
                label.clear()
                label.setText(text)

    def set_colouring(self, name: str) -> None:
        """Colour the boxes by what a person looks for; "" for the usual colours."""
        self._options = self._options._replace(colouring=name)
        self._draw()

    def set_labels(self, labels: bool) -> None:
        """Whether values stand on the arrows."""
        self._options = self._options._replace(labels=labels)
        self._draw()

    def _draw(self) -> None:
        self._views.legend.show_colouring(self._session.picture, self._options.colouring, self._theme)
        frame = self._session.frame(self._theme, options=self._options)
        if frame is None:
            return
        previous, self._frame = self._frame, frame
        self._parts.status.set_caption(frame.caption)
        if self._moving and frame is not previous:
            self._views.canvas.animate_step(cast("FrameLike", previous), cast("FrameLike", frame), self._token_time())
        elif frame is not previous:
            self._views.canvas.set_frame(cast("FrameLike", frame))

    def _token_time(self) -> float:
        if not self.playback.is_playing:
            return _TOKENS_MS
        share = _TOKENS_SHARE * 1000 / self.playback.speed
        return share if share >= _FASTEST_TOKENS_MS else 0.0


def _theme(look: Look) -> Theme:
    return THEMES["dark" if look.dark else "light"]


def _notices(recording: Recording) -> list[str]:
    """What could not be recorded, each thing once."""
    events = (recording.event(number) for number in recording.index.notices[:_NOTICES])
    return list(dict.fromkeys(event.text for event in events if isinstance(event, ev.Notice)))
