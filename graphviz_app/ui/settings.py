"""What the app remembers between starts, as typed attributes over one ini file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast, get_args

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

if TYPE_CHECKING:
    from pathlib import Path

APP_NAME = "autograd-visualizer"
ThemeMode = Literal["system", "light", "dark"]
RECENT_FILES_KEPT = 12
ZOOM_STEPS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
SPEED_STEPS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
"""Steps a second."""


class Settings:
    """Reads and writes the settings; what is missing or makes no sense there has its default.

    Args:
        path: The ini file; by default the platform's place for configuration.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or user_config_path(APP_NAME, appauthor=False) / "settings.ini"
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> ThemeMode:
        """The colours that the user chose."""
        value = self._store.value("theme", "system")
        return cast("ThemeMode", value) if value in get_args(ThemeMode) else "system"

    @theme.setter
    def theme(self, mode: ThemeMode) -> None:
        self._store.setValue("theme", mode)

    @property
    def zoom(self) -> float:
        """Size of everything, 1.0 as designed."""
        return _nearest(ZOOM_STEPS, self._number("zoom", 1.0))

    @zoom.setter
    def zoom(self, zoom: float) -> None:
        self._store.setValue("zoom", zoom)

    @property
    def speed(self) -> float:
        """Steps a second while playing."""
        return _nearest(SPEED_STEPS, self._number("speed", 2.0))

    @speed.setter
    def speed(self, speed: float) -> None:
        self._store.setValue("speed", speed)

    @property
    def reduced_motion(self) -> bool:
        """Whether steps show at once, without moving tokens."""
        return self._flag("reduced_motion", default=False)

    @reduced_motion.setter
    def reduced_motion(self, reduced: bool) -> None:
        self._store.setValue("reduced_motion", reduced)

    @property
    def recent_files(self) -> tuple[str, ...]:
        """Paths opened or saved lately, newest first."""
        value = self._store.value("recent_files", [])
        paths = [value] if isinstance(value, str) else list(cast("list[str]", value or []))
        return tuple(path for path in paths if path)[:RECENT_FILES_KEPT]

    def add_recent_file(self, path: str) -> None:
        """Put a path first among the recent ones."""
        others = [known for known in self.recent_files if known != path]
        self._store.setValue("recent_files", [path, *others][:RECENT_FILES_KEPT])

    def clear_recent_files(self) -> None:
        """Forget all recent paths."""
        self._store.remove("recent_files")

    def layout(self, name: str) -> QByteArray | None:
        """The remembered geometry of the window or state of a splitter."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Remember a geometry or state."""
        self._store.setValue(f"layout/{name}", state)

    def flag(self, name: str, *, default: bool) -> bool:
        """Whether a panel is shown, by the panel's name."""
        return self._flag(f"shown/{name}", default=default)

    def set_flag(self, name: str, *, value: bool) -> None:
        """Remember whether a panel is shown."""
        self._store.setValue(f"shown/{name}", value)

    def sync(self) -> None:
        """Write everything to the file now."""
        self._store.sync()

    def _number(self, key: str, default: float) -> float:
        try:
            return float(str(self._store.value(key, default)))
        except ValueError:
            return default

    def _flag(self, key: str, *, default: bool) -> bool:
        return str(self._store.value(key, default)).lower() == "true"


def _nearest(steps: tuple[float, ...], value: float) -> float:
    return min(steps, key=lambda step: abs(step - value))
