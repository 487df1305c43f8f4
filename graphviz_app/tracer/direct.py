"""Records passes of programs that call the engine itself, past all of torch's own functions."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from torch.autograd.variable import Variable

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

CALL = "torch.autograd.Variable._execution_engine.run_backward"
_getframe = sys._getframe


class DirectCalls:
    """Stands in for the engine object while it is installed.

    Args:
        run: Records a pass: takes the arguments of the call, who called, and what is then to be called.
        is_known: Whether the pass that is about to begin is being recorded already.
    """

    def __init__(
        self,
        run: Callable[[tuple[Any, ...], dict[str, Any], FrameType, Callable[[], Any]], Any],
        is_known: Callable[[], bool],
    ) -> None:
        self._run = run
        self._is_known = is_known
        self._original: Any = None

    def install(self) -> None:
        """Put it in place of torch's."""
        self._original = Variable._execution_engine
        kind: Any = type(self._original)
        run, is_known = self._run, self._is_known

        def run_backward(engine: Any, *args: Any, **kwargs: Any) -> Any:
            call = super(watched, engine).run_backward
            if is_known():
                return call(*args, **kwargs)
            return run(args, kwargs, _getframe(1), lambda: call(*args, **kwargs))

        names = {"__module__": kind.__module__, "__doc__": kind.__doc__, "run_backward": run_backward}
        watched: Any = type(kind.__name__, (kind,), names)
        Variable._execution_engine = watched()

    def remove(self) -> None:
        """Put torch's back."""
        if self._original is not None:
            Variable._execution_engine = self._original
            self._original = None
