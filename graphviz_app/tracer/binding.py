"""Which names the program gives to the results of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.flatten import paths_in
from graphviz_app.tracer.ways import value_of

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place


_KEPT = 8


class _Pending(NamedTuple):
    """Results to which the program may have given a name when it goes on.

    Attributes:
        place: Where they were computed.
        results: What was computed there last.
        names: The name of each, where all goes as it seems.
    """

    place: Place
    results: list[Tracked]
    names: tuple[str, ...]


class ResultNames:
    """Binds results to the names that stand to the left of an assignment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pending: list[_Pending] = []

    def computed(self, place: Place, results: list[Tracked], result: Any = None, *, is_last: bool) -> None:
        """A call at a place whose value is assigned gave these results.

        Args:
            place: The place.
            results: What is known of the tensors.
            result: All that it returned, where that is more than one tensor.
            is_last: Whether it counts only if nothing follows, and if it is so: a library computes several things on
                its way to what will be given the name, and so does `sum`.
        """
        targets = place.targets
        if len(results) == 1:
            names = targets if len(targets) == 1 else ()
        else:
            names = _shared_out(targets, [path for path, _ in paths_in(result)])
        # What was computed there before was not the last.
        self._pending = [each for each in self._pending if each.place.owner is not place.owner]
        if is_last:
            self._pending.append(_Pending(place, results, names))
            return
        for name, tracked in zip(names, results, strict=False):
            self._name(tracked, name, place.span)

    def bind_pending(self, frame: FrameType | None, place: Place | None = None) -> None:
        """Give what is pending the names that the program has given it by now.

        Args:
            frame: Where the program is. While it is still in the function, its variables tell.
            place: The same; None where a pass starts.
        """
        pending, self._pending = self._pending, []
        for each in pending:
            if place is not None and each.place.owner is place.owner:
                self._pending.append(each)
                continue
            scope, owner = frame, each.place.owner
            while scope is not None and scope.f_code is not owner.code:
                scope = scope.f_back
            if scope is not None and self._core.places.statement_of(scope) == owner.statement:
                # It has not come to the assignment yet.
                self._pending.append(each)
            else:
                self._settle(each, scope)
        del self._pending[:-_KEPT]

    def _settle(self, pending: _Pending, scope: FrameType | None) -> None:
        place, results, names = pending
        if scope is not None:
            held = self._held(scope, place.targets)
            names = tuple([held.get(each.number, "") for each in results])
        elif not (place.site.is_sure and place.owner.is_sure):
            return
        for name, tracked in zip(names, results, strict=False):
            if not tracked.alive.expired():
                self._name(tracked, name, place.span)

    def _held(self, scope: FrameType, targets: tuple[str, ...]) -> dict[int, str]:
        """By its number: what each tensor is called that the program has under one of these names."""
        found: dict[int, str] = {}
        known = self._core.tensors.known
        for target in targets:
            name = target.removeprefix("*")
            for path, tensor in paths_in(value_of(name, scope), name):
                if (tracked := known(tensor)) is not None:
                    found[tracked.number] = path
        return found

    def moved_to(self, place: Place, frame: FrameType | None) -> None:
        """The program calls from another place now."""
        if self._pending:
            self.bind_pending(frame, place)

    def name_globals(self) -> None:
        """Look which of the program's global variables are tensors that were met under no name, or another."""
        for name, tensor in self._core.names.tensors():
            tracked = self._core.tensors.known(tensor)
            if tracked is not None and not tracked.name:
                self._name(tracked, name)

    def _name(self, tracked: Tracked, name: str, span: ev.Span | None = None) -> None:
        """A tensor has a name, which is announced where it is new."""
        if name and tracked.name != name:
            tracked.name = name
            self._core.log.add(ev.NameBound(tracked.number, name, span))


def _shared_out(targets: tuple[str, ...], paths: list[str]) -> tuple[str, ...]:
    """Names for the tensors at these paths of a result; where they do not fit, they are not what is given the names."""
    if len(targets) == 1:
        return tuple(f"{targets[0]}{path}" for path in paths) if targets[0] else ()
    star = next((position for position, name in enumerate(targets) if name.startswith("*")), None)
    if star is not None:
        rest = len(paths) - len(targets) + 1
        name = targets[star][1:]
        row = tuple(f"{name}[{index}]" if name else "" for index in range(rest))
        return (*targets[:star], *row, *targets[star + 1 :]) if rest >= 0 else ()
    if len(targets) == len(paths):
        return targets
    # An LSTM's `output, state = lstm(x)` gives three tensors, of which two are the state.
    first = [path.partition("]")[0] for path in paths]
    if first[-1:] != [f"[{len(targets) - 1}"]:
        return ()
    return tuple(targets[int(path[1:-1])] if path[1:-1].isdigit() else "" for path in paths)
