"""Things that change with time: one clock, any number of running animations, and how they speed up and slow down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_MILLISECONDS = 16


class Clock(Protocol):
    """Tells the time in milliseconds and calls `on_tick` once a frame while it runs; a test moves it by hand."""

    on_tick: Callable[[], None]

    def now(self) -> float:
        """Milliseconds since some fixed moment."""
        ...

    def start(self) -> None:
        """Begins to tick."""
        ...

    def stop(self) -> None:
        """Ceases to tick."""
        ...


class FrameClock(QObject):
    """The real clock: a precise timer, and the time that really went by."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.on_tick: Callable[[], None] = _nothing
        self._elapsed = QElapsedTimer()
        self._elapsed.start()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self._tick)

    def now(self) -> float:
        """Milliseconds since the clock was made."""
        return self._elapsed.nsecsElapsed() / 1e6

    def start(self) -> None:
        """Begins to tick."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Ceases to tick."""
        self._timer.stop()

    def _tick(self) -> None:
        self.on_tick()


class Animation:
    """One change: `progress` is called with 0 to 1 once a frame, `finished` once at the end, also when cut short."""

    def __init__(
        self, start: float, duration: float, progress: Callable[[float], None], finished: Callable[[], None]
    ) -> None:
        self._start = start
        self._duration = duration
        self._progress = progress
        self._finished = finished

    def advance(self, now: float) -> bool:
        """Calls `progress`; False when it is over."""
        part = 1.0 if self._duration <= 0 else min(1.0, (now - self._start) / self._duration)
        self._progress(part)
        return part < 1.0

    def finish(self) -> None:
        """Tells that it is over."""
        self._finished()


class Animator(QObject):
    """Runs named animations; a new one of the same name takes the place of the old one."""

    idle = Signal()

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        clock.on_tick = self._tick
        self._running: dict[str, Animation] = {}

    @property
    def active(self) -> bool:
        """Whether anything moves."""
        return bool(self._running)

    def runs(self, name: str) -> bool:
        """Whether the animation of this name moves."""
        return name in self._running

    def run(
        self,
        name: str,
        duration: float,
        progress: Callable[[float], None],
        finished: Callable[[], None] | None = None,
    ) -> None:
        """Starts an animation of `duration` milliseconds; 0 jumps to its end at once."""
        self.stop(name)
        animation = Animation(self._clock.now(), duration, progress, finished or _nothing)
        if duration <= 0:
            animation.advance(self._clock.now())
            animation.finish()
            return
        self._running[name] = animation
        self._clock.start()

    def stop(self, name: str) -> None:
        """Ends an animation where it is."""
        animation = self._running.pop(name, None)
        if animation is not None:
            animation.finish()
            self._rest()

    def stop_all(self) -> None:
        """Ends them all where they are."""
        for name in list(self._running):
            self.stop(name)

    def _tick(self) -> None:
        now = self._clock.now()
        for name, animation in list(self._running.items()):
            if self._running.get(name) is animation and not animation.advance(now):
                self.stop(name)

    def _rest(self) -> None:
        if not self._running:
            self._clock.stop()
            self.idle.emit()


def slowing(part: float) -> float:
    """Fast at first, slow at the end: for what follows a hand."""
    return 1 - (1 - part) ** 3


def swinging(part: float) -> float:
    """Slow at both ends: for what moves by itself."""
    return part * part * (3 - 2 * part)


def _nothing() -> None:
    """What there is to do when nobody asked for anything."""
