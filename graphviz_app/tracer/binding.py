"""Which names the program gives to the results of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.flatten import paths_in
from graphviz_app.tracer.ways import value_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place


_of_class = type.__getattribute__
_KEPT, _EARLIER_KEPT, _AHEAD_KEPT = 8, 8, 100


class _Pending(NamedTuple):
    """Results to which the program may have given a name when it goes on.

    Attributes:
        place: Where they were computed.
        results: What was computed there last.
        names: The name of each, where all goes as it seems.
        rounds: The rounds of loops in which that was.
        earlier: What was computed there before, for the same names: of `x, y = f()`, `y` may be computed after `x`.
    """

    place: Place
    results: list[Tracked]
    names: tuple[str, ...]
    rounds: tuple[ev.Round, ...]
    earlier: list[Tracked]

    def is_same_run(self, place: Place, rounds: tuple[ev.Round, ...]) -> bool:
        """Whether a place with the same owner is in the same run of that one's statement."""
        ours = self.place
        depth = ours.depth
        # Of loops further in, as a comprehension's, each round may compute for another of the names.
        if self.rounds != rounds and _outer(self.rounds, depth) != _outer(rounds, depth):
            return False
        return ours is place or (depth == place.depth and ours.frames[:depth] == place.frames[:depth])


class _Ahead(NamedTuple):
    """What a loop has been given for a later round: the workers of a DataLoader send batches before it is their turn.

    Attributes:
        place: Where it came, in the head of the loop.
        results: What of it has no name yet.
    """

    place: Place
    results: list[Tracked]


class ResultNames:
    """Binds results to the names that stand to the left of an assignment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pending: list[_Pending] = []
        self._ahead: list[_Ahead] = []
        # Where the function of the latest of these was when it was looked at.
        self._ahead_at = 0

    def computed(
        self,
        place: Place,
        results: list[Tracked],
        rounds: tuple[ev.Round, ...],
        frame: FrameType | None,
        result: Any = None,
        *,
        by_library: bool,
    ) -> None:
        """A call at a place whose value is assigned gave these results.

        Args:
            place: The place.
            results: What is known of the tensors.
            rounds: The rounds of loops in which that was.
            frame: Where the program is.
            result: All that it returned, where that is more than one tensor.
            by_library: Whether it was not the program itself that called it: a library computes several things on its
                way to what will be given the name, and so does `sum`. Then it counts only if nothing follows.
        """
        targets, is_last = place.targets, by_library or not place.is_sure
        if place.owner.part and len(targets) == 1:
            names = _of_part(targets[0], place.owner.part, result)
            is_last = by_library or not any(names)
        elif len(results) == 1:
            names = targets if len(targets) == 1 else ()
        else:
            names = _shared_out(targets, [path for path, _ in paths_in(result)])
        earlier = self._overtaken(place, rounds, frame) if self._pending else []
        if is_last:
            self._pending.append(_Pending(place, results, names, rounds, earlier))
            return
        for name, tracked in zip(names, results, strict=False):
            self._name(tracked, name, place.span)

    def _overtaken(self, place: Place, rounds: tuple[ev.Round, ...], frame: FrameType | None) -> list[Tracked]:
        """Let go of what was computed before for the names of a place, or name it; what of it may yet have them."""
        earlier: list[Tracked] = []
        pending, self._pending = self._pending, []
        for each in pending:
            if each.place.owner is not place.owner:
                self._pending.append(each)
            elif not each.is_same_run(place, rounds):
                # The statement runs once more: what it computed the last time has its name by now.
                self._settle(each, _running(frame, place.owner.code), is_over=True)
            elif each.place.targets != place.targets or (place.owner.is_each and len(each.results) > 1):
                # Another part of what is returned, or of what a loop goes through.
                self._pending.append(each)
            else:
                # It was not the last.
                earlier = [*each.earlier, *each.results]
                if len(earlier) > _EARLIER_KEPT and place.owner.head is not None:
                    self._keep_ahead(place, earlier[:-_EARLIER_KEPT])
                earlier = earlier[-_EARLIER_KEPT:]
        return earlier

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
            owner = each.place.owner
            scope = _running(frame, owner.code)
            site = None if scope is None else self._core.places.site_of(scope)
            if site is not None and (site.statement, site.column) == (owner.statement, owner.column):
                # It has not come to the assignment yet.
                self._pending.append(each)
            elif site is None or site.statement < (owner.loops[0].line if owner.loops else owner.statement):
                # The function has returned; where it runs, it has begun anew.
                self._settle(each, None)
            else:
                self._settle(each, scope)
        del self._pending[:-_KEPT]

    def _settle(self, pending: _Pending, scope: FrameType | None, *, is_over: bool = False) -> None:
        """Name what is pending.

        Args:
            pending: That.
            scope: The function, while it runs: its variables tell.
            is_over: Whether that may be another run of it already.
        """
        place, results, names, _, earlier = pending
        held = {} if scope is None else self._held(scope, place.targets)
        found = tuple([held.get(each.number, "") for each in results])
        if place.owner.is_each and any(found[:1]) and not any(found[1:]):
            # The first round has the first of them, and so on.
            found = found[:1] * len(results)
        if any(found) or (scope is not None and not is_over):
            names = found
        elif not place.is_sure:
            names = ()
            # What a library's class computes when it is called is on its way to no name of the program's.
            is_constructed = place.site.is_sure and place.owner.is_sure
            if not is_constructed and (scope is None or (is_over and not place.owner.loops)):
                # Nothing was computed in the function any more, which has returned.
                self._name_what_is_left(pending)
        for name, tracked in zip(names, results, strict=False):
            if not tracked.alive.expired():
                self._name(tracked, name, place.span)
        for tracked in earlier:
            if not tracked.name and not tracked.alive.expired():
                self._name(tracked, held.get(tracked.number, ""), place.span)
        if scope is not None and place.owner.head is not None:
            self._keep_ahead(place, [*earlier, *results])

    def _keep_ahead(self, place: Place, results: list[Tracked]) -> None:
        left = [tracked for tracked in results if not tracked.name and not tracked.alive.expired()]
        if left and self._ahead and self._ahead[-1].place.owner is place.owner:
            left = [*self._ahead.pop().results, *left][-_AHEAD_KEPT:]
        if left:
            self._ahead = [*self._ahead[1 - _KEPT :], _Ahead(place, left)]

    def _look_ahead(self) -> None:
        """Where a loop has begun another round: what came for that in an earlier one has its name now."""
        owner = self._ahead[-1].place.owner
        code = owner.code
        scope = next((frame for frame in self._core.places.frames if frame.f_code is code), None)
        if scope is None:
            # Another function runs, or another thread.
            self._ahead = [each for each in self._ahead if not all(one.alive.expired() for one in each.results)]
            return
        if scope.f_lasti == owner.instruction:
            # It has not come to the assignment yet.
            return
        before, self._ahead_at = self._ahead_at, scope.f_lasti
        if self._ahead_at > before:
            return
        ahead, self._ahead = self._ahead, []
        for place, results in ahead:
            held = self._held(scope, place.targets) if place.owner.code is code else {}
            for tracked in results:
                if not tracked.name:
                    self._name(tracked, held.get(tracked.number, ""), place.span)
            self._keep_ahead(place, results)

    def _name_what_is_left(self, pending: _Pending) -> None:
        """Of several things that may have a name in a function that has returned: the one that lives on has it."""
        place = pending.place
        if len(place.targets) != 1 or place.owner.is_each or place.owner.part:
            return
        for computed in (pending.results, pending.earlier):
            left = [tracked for tracked in computed if not tracked.alive.expired()]
            if left:
                if len(left) == 1 and not left[0].name:
                    self._name(left[0], place.targets[0], place.span)
                return

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
        if self._ahead:
            self._look_ahead()

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


def _outer(rounds: tuple[ev.Round, ...], depth: int) -> list[ev.Round]:
    """The rounds of the loops of a function, and of its callers."""
    return [each for each in rounds if each.depth <= depth]


def _running(frame: FrameType | None, code: CodeType) -> FrameType | None:
    """The innermost frame that runs a piece of code, from a frame outwards."""
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame


def _of_part(target: str, part: str, result: Any) -> tuple[str, ...]:
    """Names for the tensors of a result of which a part has a name: `values = x.max(0).values`."""
    kind = type(result)
    if issubclass(kind, tuple) and part.startswith("."):
        fields = _of_class(kind, "__dict__").get("__match_args__", ())
        part = f"[{fields.index(part[1:])}]" if type(fields) is tuple and part[1:] in fields else part
    elif issubclass(kind, (list, tuple)) and part.startswith("[-"):
        length = list.__len__(result) if issubclass(kind, list) else tuple.__len__(result)
        part = f"[{length + int(part[1:-1])}]"
    paths = [path for path, _ in paths_in(result)]
    return tuple([target + path[len(part) :] if path.startswith(part) else "" for path in paths])


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
