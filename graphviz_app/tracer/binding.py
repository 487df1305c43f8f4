"""Which names the program gives to the results of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place


class ResultNames:
    """Binds results to the names that stand to the left of an assignment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pending: tuple[Place, list[Tracked]] | None = None

    def computed(self, place: Place, results: list[Tracked], *, by_library: bool) -> None:
        """A call at a place whose value is assigned gave these results.

        A library computes several things on its way to what will be given the name: its last result is it.
        """
        if by_library:
            self._pending = (place, results)
            return
        self._pending = None
        targets = place.targets
        if len(results) == 1 and results[0].name == targets[0]:
            return
        self._bind(place, results)

    def moved_to(self, place: Place) -> None:
        """The program calls from another place now."""
        if self._pending is not None and self._pending[0].site is not place.site:
            self.bind_pending()

    def bind_pending(self) -> None:
        """Give the latest result of a library's call the name that the program has given it by now."""
        if self._pending is not None:
            place, results = self._pending
            self._pending = None
            self._bind(place, results)

    def name_globals(self) -> None:
        """Look which of the program's global variables are tensors that were met under no name, or another."""
        for name, tensor in self._core.names.tensors():
            tracked = self._core.tensors.known(tensor)
            if tracked is not None and not tracked.name:
                self._name(tracked, name)

    def _bind(self, place: Place, results: list[Tracked]) -> None:
        targets, count = place.targets, len(results)
        if len(targets) > 1:
            targets = _shared_out(targets, count)
        elif count > 1:
            targets = tuple(f"{name}[{index}]" for name in targets if name for index in range(count))
        for name, tracked in zip(targets, results, strict=False):
            self._name(tracked, name, place.span)

    def _name(self, tracked: Tracked, name: str, span: ev.Span | None = None) -> None:
        """A tensor has a name, which is announced where it is new."""
        if name and tracked.name != name:
            tracked.name = name
            self._core.log.add(ev.NameBound(tracked.number, name, span))


def _shared_out(targets: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Names for that many results; where there are not as many names, the results are not what is given them."""
    if count < 2:
        return ()
    star = next((position for position, name in enumerate(targets) if name.startswith("*")), None)
    if star is None:
        # An LSTM's `output, state = lstm(x)` gives three tensors, of which two are the state.
        return targets if count == len(targets) else targets[:1] if count > len(targets) else ()
    rest = count - len(targets) + 1
    name = targets[star][1:]
    row = tuple(f"{name}[{index}]" if name else "" for index in range(rest))
    return (*targets[:star], *row, *targets[star + 1 :]) if rest >= 0 else ()
