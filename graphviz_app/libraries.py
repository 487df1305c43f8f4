"""Which of the Linux distribution's shared libraries do Qt and Graphviz ask for, and which of them are not there?

Their wheels carry all but those. Found out without loading either, and needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.elf import needed_libraries

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libexpat.so.1": "libexpat1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
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
"""Where Debian and Ubuntu keep what the wheels of Qt and Graphviz ask for."""


def missing_packages() -> tuple[str, ...]:
    """The Debian packages without which no window opens on X11, or nothing is laid out; sorted."""
    return packages_of(missing_for_qt("xcb") + missing_for_graphviz())


def packages_of(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """The Debian packages that hold these libraries; a library of unknown home stands for itself."""
    return tuple(sorted({DEBIAN_PACKAGES.get(library, library) for library in libraries}))


def why_not(what: str, libraries: tuple[str, ...]) -> str:
    """One sentence on what cannot be done without these libraries, and where they come from."""
    some = "a system library is" if len(libraries) == 1 else f"{len(libraries)} system libraries are"
    return (
        f"{what} because {some} missing; on Debian or Ubuntu: sudo apt-get install {' '.join(packages_of(libraries))} "
        f"(elsewhere, the packages that hold {', '.join(libraries)})."
    )


def graphviz_problem() -> str | None:
    """Why Graphviz cannot be loaded, in one sentence; None where nothing that it asks for is missing."""
    libraries = missing_for_graphviz()
    return why_not("Graphviz, which lays out the graph, cannot be loaded here", libraries) if libraries else None


def missing_for_qt(platform: str) -> tuple[str, ...]:
    """What Qt asks the system for on a window system and what is not there, sorted; empty where this is not Linux.

    Args:
        platform: Qt's name of the window system: "xcb" (X11), "wayland", or one that needs none ("offscreen").
    """
    folder = qt_folder()
    if folder is None:
        return ()
    return _missing([folder / name for name in (*_BASE, *_PLUGINS.get(platform, ()))], folder / "lib")


def missing_for_graphviz() -> tuple[str, ...]:
    """What the Graphviz in pygraphviz's wheel asks the system for and what is not there, sorted."""
    folder = _folder_of("pygraphviz")
    if folder is None:
        return ()
    carried = folder.with_name("pygraphviz.libs")
    return _missing([*folder.glob("*.so"), *carried.glob("*.so*")], carried)


def qt_folder() -> Path | None:
    """Where PySide6 keeps Qt, or None where it is not installed; found without importing it."""
    folder = _folder_of("PySide6")
    return None if folder is None else folder / "Qt"


def _folder_of(package: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _missing(files: Iterable[Path], carried: Path) -> tuple[str, ...]:
    """What these shared libraries ask for, what does not lie beside them, and what cannot be loaded."""
    if sys.platform != "linux":
        return ()
    needed: set[str] = set()
    for file in files:
        try:
            needed.update(needed_libraries(file))
        except (OSError, ValueError):
            # Another version, laid out otherwise: what it has of these is checked, the rest is not known.
            continue
    return tuple(sorted(name for name in needed if not (carried / name).exists() and not _loads(name)))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
