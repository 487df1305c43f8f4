"""A list of callables to tell; the session's way to speak without knowing who listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from typing_extensions import ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


class Signal(Generic[P]):
    """Tells everybody who is connected, in the order in which they connected, in the caller's thread."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def connect(self, listener: Callable[P, object]) -> None:
        """Call `listener` at every `emit` from now on."""
        self._listeners.append(listener)

    def disconnect(self, listener: Callable[P, object]) -> None:
        """Stop calling `listener`; nothing happens where it was not connected."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def emit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell everybody."""
        for listener in tuple(self._listeners):
            listener(*args, **kwargs)
