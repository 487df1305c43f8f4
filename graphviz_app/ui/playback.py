"""Playing: a timer that asks for the next step, at the chosen speed, until there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class Playback(QObject):
    """Plays.

    Args:
        advance: Goes one step on; False where there is no further step.
        speed: Steps a second.
        parent: Whose end is also its own.

    Signals:
        playing_changed: Whether it plays now.
    """

    playing_changed = Signal(bool)

    def __init__(self, advance: Callable[[], bool], speed: float, parent: QObject) -> None:
        super().__init__(parent)
        self._advance = advance
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._speed = speed
        self.set_speed(speed)

    @property
    def is_playing(self) -> bool:
        """Whether steps follow by themselves."""
        return self._timer.isActive()

    @property
    def speed(self) -> float:
        """Steps a second."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Play at so many steps a second, from the next one on."""
        self._speed = speed
        self._timer.setInterval(max(1, round(1000 / speed)))

    def play(self) -> None:
        """Start playing; the first step follows at once, so that the key is felt."""
        if not self.is_playing:
            self._timer.start()
            self.playing_changed.emit(True)
            self._tick()

    def pause(self) -> None:
        """Stop playing; the step stays."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def _tick(self) -> None:
        if not self._advance():
            self.pause()
