"""Can a window be opened here? Found out before Qt is loaded, because Qt aborts the process where it cannot.

Needs nothing but the standard library, and says everything in one sentence.
"""

from __future__ import annotations

import ctypes
import os
import sys

from graphviz_app.libraries import graphviz_problem, missing_for_qt, qt_folder, why_not


def window_problem() -> str | None:
    """Why no window can be opened here, or nothing be shown in it, in one sentence; None where one can."""
    return qt_problem() or display_problem() or graphviz_problem()


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
    libraries = missing_for_qt(_needed_platform())
    return why_not("Qt cannot open a window here", libraries) if libraries else None


def _platform() -> str:
    """The window system that the user asked for, or ""."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(";")[0].partition(":")[0]


def _needed_platform() -> str:
    asked = _platform()
    if asked:
        return asked
    # Qt goes over to X11 where Wayland fails, and both are there in a Wayland session as a rule.
    return "wayland" if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY") else "xcb"


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
