"""Can a window be opened here? Found out before Qt is loaded, because Qt aborts the process where it cannot.

Needs nothing but the standard library, and says everything in one sentence.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from functools import lru_cache
from pathlib import Path

from graphviz_app.elf import needed_libraries

_BASE = ("lib/libQt6Core.so.6", "lib/libQt6Gui.so.6", "lib/libQt6Widgets.so.6", "lib/libQt6DBus.so.6")
_PLUGINS = {
    "xcb": ("plugins/platforms/libqxcb.so", "lib/libQt6XcbQpa.so.6"),
    "wayland": ("plugins/platforms/libqwayland.so", "lib/libQt6WaylandClient.so.6"),
}

DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""Where Debian and Ubuntu keep what Qt asks for."""


def window_problem() -> str | None:
    """Why no window can be opened here, in one sentence; None where one can."""
    return qt_problem() or display_problem()


def display_problem() -> str | None:
    """Why there is no screen to open a window on, in one sentence; None where there is one."""
    if sys.platform != "linux" or _platform() not in ("", "xcb", "wayland"):
        return None
    display, wayland = os.environ.get("DISPLAY", ""), os.environ.get("WAYLAND_DISPLAY", "")
    if _platform() == "wayland" and not wayland:
        return "There is no Wayland display: WAYLAND_DISPLAY is not set."
    if wayland:
        return None
    if not display:
        return "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set."
    if not _x_server_answers():
        return f"There is no display: nobody answers at DISPLAY={display}, or not to this user."
    return None


def qt_problem() -> str | None:
    """What Qt lacks on this machine, in one sentence; None where it lacks nothing."""
    if qt_folder() is None:
        return "The window needs PySide6, which is not installed: pip install PySide6-Essentials."
    libraries = missing_libraries(_needed_platform())
    if not libraries:
        return None
    return (
        f"Qt cannot open a window here because {_system_libraries(len(libraries))} missing; on Debian or Ubuntu: "
        f"sudo apt-get install {' '.join(packages_of(libraries))} "
        f"(elsewhere, the packages that hold {', '.join(libraries)})."
    )


def missing_packages(platform: str = "xcb") -> tuple[str, ...]:
    """The Debian packages without which Qt aborts, sorted; empty where all is well, or this is not Linux.

    Args:
        platform: Qt's name of the window system: "xcb" (X11), "wayland", or one that needs none ("offscreen").
    """
    return packages_of(missing_libraries(platform))


def packages_of(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """The Debian packages that hold these libraries; a library of unknown home stands for itself."""
    return tuple(sorted({DEBIAN_PACKAGES.get(library, library) for library in libraries}))


@lru_cache(maxsize=4)
def missing_libraries(platform: str) -> tuple[str, ...]:
    """The system's shared libraries that Qt asks for on a window system and that cannot be loaded, sorted."""
    folder = qt_folder()
    if sys.platform != "linux" or folder is None:
        return ()
    needed: set[str] = set()
    for name in (*_BASE, *_PLUGINS.get(platform, ())):
        try:
            needed.update(needed_libraries(folder / name))
        except (OSError, ValueError):
            # Another version of Qt, laid out otherwise: what it has of these is checked, the rest is not known.
            continue
    own = {path.name for path in (folder / "lib").glob("*.so*")}
    return tuple(sorted(name for name in needed - own if not _loads(name)))


def qt_folder() -> Path | None:
    """Where PySide6 keeps Qt, or None where it is not installed; found without importing it."""
    try:
        spec = importlib.util.find_spec("PySide6")
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "Qt"


def _system_libraries(count: int) -> str:
    return "a system library is" if count == 1 else f"{count} system libraries are"


def _platform() -> str:
    """The window system that the user asked for, or ""."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(";")[0].partition(":")[0]


def _needed_platform() -> str:
    asked = _platform()
    if asked:
        return asked
    # Qt goes over to X11 where Wayland fails, and both are there in a Wayland session as a rule.
    return "wayland" if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY") else "xcb"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x_server_answers() -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        # Then Qt cannot run either, and `qt_problem` says so.
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers
