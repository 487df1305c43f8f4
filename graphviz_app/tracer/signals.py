"""Signals that arrive while the tracer looks at something wait until it has looked.

Python runs a signal's handler between any two steps of whatever runs in the main thread. In the middle of our own work
it would find the recording half written, and what it raises would look like a fault of ours. So each handler of the
program's is wrapped: if it was our work that was interrupted, it is called when that is done. The program sees its own
handlers only.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene, invisible

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

_getframe = sys._getframe
_setprofile, _getprofile = sys.setprofile, sys.getprofile


class Signals:
    """Wraps the program's handlers while it is installed.

    Args:
        through: Functions of ours that call the program's code: whoever is above them may be interrupted.
    """

    def __init__(self, through: tuple[CodeType, ...]) -> None:
        self._through = frozenset(map(id, through))
        self._originals: dict[Any, Any] = {}
        self._signal = signal.signal
        self._getsignal = signal.getsignal

    def install(self) -> None:
        """Begin; only the main thread may, and is interrupted by signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        wrap, unwrap, set_handler, get_handler = self._wrap, self._unwrap, self._signal, self._getsignal

        def replaced(signalnum: Any, handler: Any) -> Any:
            return unwrap(set_handler(signalnum, wrap(handler)))

        def getsignal(signalnum: Any) -> Any:
            return unwrap(get_handler(signalnum))

        signal.signal, signal.getsignal = (
            hygiene.disguise(replaced, set_handler),
            hygiene.disguise(getsignal, get_handler),
        )
        self._rewrap(self._wrap)

    def remove(self) -> None:
        """Put everything back."""
        if signal.signal is self._signal or threading.current_thread() is not threading.main_thread():
            return
        signal.signal, signal.getsignal = self._signal, self._getsignal
        self._rewrap(self._unwrap)

    def _rewrap(self, change: Callable[[Any], Any]) -> None:
        for number in signal.valid_signals():
            handler = self._getsignal(number)
            if callable(handler) and not isinstance(handler, signal.Handlers):
                self._signal(number, change(handler))

    def _wrap(self, handler: Any) -> Any:
        if not callable(handler) or isinstance(handler, signal.Handlers):
            return handler
        through = self._through

        def deferring(number: int, frame: FrameType | None) -> Any:
            if not is_looking(_getframe(), through):
                return handler(number, frame)
            waiting: Any = _getprofile()
            if type(waiting) is _Waiting:
                waiting.calls.append((handler, number))
            elif waiting is None:
                _setprofile(_Waiting(handler, number, through))
            else:
                return handler(number, frame)
            return None

        self._originals[deferring] = handler
        return deferring

    def _unwrap(self, handler: Any) -> Any:
        try:
            return self._originals.get(handler, handler)
        except TypeError:
            return handler


class _Waiting:
    """A profile function: is told of every return, and calls handlers as soon as none of our work is interrupted."""

    def __init__(self, handler: Any, number: int, through: frozenset[int]) -> None:
        self.calls = [(handler, number)]
        self._through = through

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ARG002 - a profile function's
        if is_looking(_getframe(), self._through):
            return
        _setprofile(None)
        visible: FrameType | None = frame
        while visible is not None and invisible.is_ours(id(visible.f_code)):
            visible = visible.f_back
        for handler, number in self.calls:
            handler(number, visible)


def is_looking(frame: FrameType, through: frozenset[int]) -> bool:
    """Whether the first function of ours below a frame is one that looks, and does not call the program's."""
    for code in invisible.codes_below(frame):
        if code in _OWN:
            continue
        if code in through:
            return False
        if invisible.is_ours(code):
            return True
    return False


_OWN = frozenset({id(_Waiting.__call__.__code__), id(is_looking.__code__)})
