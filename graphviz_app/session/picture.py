"""From a recording to a picture: prepare, lay out, finish; at once, or in the background and cancellable."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.recording import RecordingError
from graphviz_app.session.arrangement import Arrangement, GroupPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.layout.model import Anchor, Layout
    from graphviz_app.layout.service import LayoutService, Ticket
    from graphviz_app.recording import Recording
    from graphviz_app.scene.picture import Picture, Prepared
    from graphviz_app.timeline import Timeline

    Post = Callable[[Callable[[], None]], None]


class Wish(NamedTuple):
    """Which picture is wanted.

    Attributes:
        timeline: Of which recording.
        chapter: Which of its chapters.
        arrangement: What is open in it, and which way gradients flow.
    """

    timeline: Timeline
    chapter: int
    arrangement: Arrangement = Arrangement()


def picture_for(
    recording: Recording,
    chapter: int = 0,
    *,
    timeline: Timeline | None = None,
    arrangement: Arrangement = Arrangement(),  # noqa: B008 - immutable
) -> Picture:
    """The picture of one chapter, made here and now; for the command line and notebooks.

    Raises:
        IndexError: If there is no such chapter.
        LayoutError: If no layout could be made.
    """
    from graphviz_app.layout.engine import lay_out
    from graphviz_app.timeline import Timeline

    prepared = _prepare(Wish(timeline or Timeline(recording), chapter, arrangement))
    return prepared.finish(lay_out(prepared.request))


def _prepare(wish: Wish) -> Prepared:
    # networkx is imported with the scene: too late for the first paint, early enough for the first run.
    from graphviz_app.graph.cache import structure_of
    from graphviz_app.graph.visible import Uses
    from graphviz_app.scene.picture import prepare

    timeline, arrangement = wish.timeline, wish.arrangement
    recording, chapter = timeline.recording, timeline.chapters[wish.chapter]
    expanded = None if arrangement.base == "first sight" else frozenset[GroupPath]()
    if arrangement.base == "all":
        expanded = frozenset(structure_of(recording, timeline, chapter).grouping.groups)
    return prepare(
        recording,
        timeline,
        chapter,
        expanded,
        arrangement.direction,
        opened=arrangement.opened,
        closed=arrangement.closed,
        uses=Uses(arrangement.apart, arrangement.together),
    )


def _anchor(previous: Picture | None) -> Anchor | None:
    """What a new layout should keep in its place."""
    if previous is None:
        return None
    from graphviz_app.layout.model import Anchor

    return Anchor(previous.prepared.request, previous.layout)


class PictureMaker:
    """Makes one picture at a time, the newest wish first, without ever blocking who wishes.

    Args:
        post: Runs a callable on the thread that the callbacks shall come from.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="picture")
        self._lock = threading.Lock()
        self._layouts: LayoutService | None = None
        self._ticket: Ticket | None = None
        self._newest = 0
        self._delivered = 0
        self._closed = False

    def warm(self) -> None:
        """Import what pictures need and start the layout process, in the background."""
        self._executor.submit(self._service)

    def make(
        self,
        wish: Wish,
        on_ready: Callable[[Picture], None],
        on_failed: Callable[[str], None],
        previous: Picture | None = None,
    ) -> None:
        """Make a picture; an earlier wish that is not ready yet is dropped."""
        self.cancel()
        with self._lock:
            self._newest += 1
            number = self._newest

        def prepare() -> None:
            if self._is_stale(number):
                return
            try:
                prepared = _prepare(wish)
                self._submit(number, prepared, on_ready, on_failed, previous)
            except RecordingError as error:
                self._fail(number, on_failed, str(error))
            except Exception as error:  # noqa: BLE001 - a picture that fails must be said, not swallowed by the pool
                self._fail(number, on_failed, f"The picture could not be made: {type(error).__name__}: {error}.")

        self._executor.submit(prepare)

    @property
    def is_busy(self) -> bool:
        """Whether a picture is being made."""
        return self._delivered != self._newest

    def cancel(self) -> None:
        """Drop what is being made; its callbacks are not called any more."""
        with self._lock:
            self._newest += 1
            self._delivered = self._newest
            ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.cancel()

    def close(self) -> None:
        """End the background work and the layout process."""
        self._closed = True
        self.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)
        if self._layouts is not None:
            self._layouts.close()

    def _service(self) -> LayoutService:
        if self._layouts is None:
            import graphviz_app.scene.picture  # noqa: F401 # pyright: ignore[reportUnusedImport] - warmed
            from graphviz_app.layout.service import LayoutService

            self._layouts = LayoutService()
        return self._layouts

    def _submit(
        self,
        number: int,
        prepared: Prepared,
        on_ready: Callable[[Picture], None],
        on_failed: Callable[[str], None],
        previous: Picture | None,
    ) -> None:
        def finish(layout: Layout) -> None:
            if not self._closed and not self._is_stale(number):
                self._executor.submit(self._finish, number, prepared, layout, on_ready, on_failed)

        def fail(error: Exception) -> None:
            self._fail(number, on_failed, str(error))

        ticket = self._service().submit(prepared.request, finish, fail, previous=_anchor(previous))
        with self._lock:
            if number == self._newest:
                self._ticket = ticket
                return
        ticket.cancel()

    def _finish(
        self,
        number: int,
        prepared: Prepared,
        layout: Layout,
        on_ready: Callable[[Picture], None],
        on_failed: Callable[[str], None],
    ) -> None:
        try:
            picture = prepared.finish(layout)
            picture.warm()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(number, on_failed, f"The picture could not be drawn: {type(error).__name__}: {error}.")
            return
        self._tell(number, lambda: on_ready(picture))
        # Read here what a jump would need, rather than in the window's thread; a newer wish is more urgent.
        picture.look_ahead(lambda: self._closed or self._is_stale(number))

    def _fail(self, number: int, on_failed: Callable[[str], None], sentence: str) -> None:
        self._tell(number, lambda: on_failed(sentence))

    def _tell(self, number: int, callback: Callable[[], None]) -> None:
        def deliver() -> None:
            if not self._is_stale(number):
                self._delivered = number
                callback()

        if not self._closed:
            self._post(deliver)

    def _is_stale(self, number: int) -> bool:
        with self._lock:
            return number != self._newest
