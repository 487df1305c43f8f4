"""Counts the rounds of the program's loops, as far as torch is called in them.

Nothing tells when a loop goes on, and nothing may be put into the program that would. But where a call stands on the
stack tells: within a loop's body one statement follows the other, and within a statement one instruction, so what is
called further up than before is called in another round. Where the same place calls again and again, as for each
parameter in an optimizer's step, the loop's own variables tell: they are bound to something else in each round.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.frames import local_variable, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    from graphviz_app.tracer.places import Place, Places, Site

_OPTIMIZED = 1
"""Flag of code objects whose variables have fixed places: those of functions."""
_GENERATORS = 0x20 | 0x80 | 0x100 | 0x200
"""Flags of those of generators and coroutines of every kind (`inspect.CO_…`)."""
_ENTRIES_KEPT = 10_000
_Round = ev.Round


class Turn(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A loop around one call of a stack.

    Attributes:
        key: What no other loop of another code, or at another depth, has.
        line: The line of its `for` or `while`.
        depth: Which call, from 0, outermost first.
        statement: Where in the body the call stands, by its line.
        instruction: Where in that statement; 0 where a further loop is around the call.
        targets: Places of its own variables among the function's, or their names where they are global.
        is_head: Whether the call stands in the loop's `for` or `while`.
        is_lone: Whether but one statement of its body calls anything.
        is_innermost: Whether no further loop is around this call, nor around one that it led to.
    """

    key: tuple[int, int, int]
    line: int
    depth: int
    statement: int
    instruction: int
    targets: tuple[int | str, ...]
    is_head: bool
    is_lone: bool
    is_innermost: bool


class Level(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One call of a stack, of code that may have loops.

    Attributes:
        key: What no other code, nor the same at another depth, has.
        depth: Which call, from 0, outermost first.
        above: What tells the calls further out.
        is_method: Whether the function is a method, whose object tells one of its runs from another's.
        is_generator: Whether it is a generator, or a coroutine.
        turns: The loops around the call, outermost first.
        lines: Their lines.
    """

    key: tuple[int, int]
    depth: int
    above: int
    is_method: bool
    is_generator: bool
    turns: tuple[Turn, ...]
    lines: tuple[int, ...]


class Called(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What is called.

    Attributes:
        place: From where.
        name: The name of the function.
        module: The class of the module that calls it, "" where none does.
        code: The code that does.
    """

    place: Place
    name: str
    module: str
    code: CodeType

    @property
    def is_own(self) -> bool:
        """Whether the program itself calls it: no library on its behalf, as `sum` and an optimizer do."""
        site = self.place.site
        return self.code is site.code and site.called in ("", self.name.rpartition(".")[2])


class _Entry(msgspec.Struct, eq=False, gc=False):
    """Where a loop has come to.

    Attributes:
        context: What tells this run of the loop from another.
        target: What its variables are bound to.
        statement: As in `Turn`.
        instruction: As in `Turn`.
        number: Which round it is, from 1.
        is_over: Whether its `for` or `while` came since.
        first: What was called first in this round.
    """

    context: int
    target: int
    statement: int
    instruction: int
    number: int
    is_over: bool
    first: Called


class _Local(threading.local):
    """Threads run loops of their own, and may run the same ones."""

    def __init__(self) -> None:
        # Neither dictionaries of dictionaries nor lists, which the program's garbage collector would count.
        self.entries: dict[tuple[int, int, int], _Entry] = {}
        # By the key of a level, the loops that it is in.
        self.entered: dict[tuple[int, int], tuple[int, ...]] = {}
        # What was told last: most of what is called is called in the same rounds, and then shares one tuple.
        self.told: tuple[ev.Round, ...] = ()


class Rounds:
    """Knows which round every loop of each thread is in.

    Args:
        places: Finds where something is called.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._local = _Local()

    def of(self, place: Place | None, name: str, module: str, code: CodeType) -> tuple[ev.Round, ...]:
        """The rounds in which something is called now, of the loops around each call of its stack.

        Args:
            place: Where in the program, the one that was found last.
            name: As in `Called`.
            module: As in `Called`.
            code: As in `Called`.
        """
        if place is None or not place.levels:
            return ()
        called = Called(place, name, module, code)
        local, frames = self._local, self._places.frames
        number = 0
        found: list[ev.Round] = []
        for level in place.levels:
            self._enter(level)
            frame = frames[-1 - level.depth]
            for turn in level.turns:
                entry = local.entries.get(turn.key)
                context, target = _context(level, frame, number), _target(turn, frame)
                if entry is None or entry.context != context:
                    entry = local.entries[turn.key] = _begun(turn, context, target, called)
                else:
                    _advance(entry, turn, target, called)
                number = entry.number
                if not turn.is_head:
                    found.append(_Round(level.depth, turn.line, number))
        told = tuple(found)
        if told != local.told:
            local.told = told
        return local.told

    def _enter(self, level: Level) -> None:
        """A call is in these loops; those that it has been in and is no more, begin anew should they run again."""
        local = self._local
        before = local.entered.get(level.key, ())
        if before == level.lines:
            return
        for line in before:
            if line not in level.lines:
                local.entries.pop((*level.key, line), None)
        if len(local.entries) > _ENTRIES_KEPT:
            local.entries.clear()
            local.entered.clear()
        local.entered[level.key] = level.lines


def _begun(turn: Turn, context: int, target: int, called: Called) -> _Entry:
    number = 0 if turn.is_head else 1
    return _Entry(context, target, turn.statement, turn.instruction, number, turn.is_head, called)


def _advance(entry: _Entry, turn: Turn, target: int, called: Called) -> None:
    """A loop goes on, in the same round or in another."""
    if turn.is_head:
        entry.is_over = True
    elif (
        entry.is_over
        or target != entry.target
        or turn.statement < entry.statement
        or (turn.statement == entry.statement and turn.instruction < entry.instruction)
        or (turn.is_innermost and _is_again(turn, entry, called))
    ):
        entry.number += 1
        entry.is_over, entry.first = False, called
    entry.target, entry.statement, entry.instruction = target, turn.statement, turn.instruction


def _context(level: Level, frame: FrameType, number: int) -> int:
    """What tells one run of a loop from another.

    Args:
        level: The call that has it.
        frame: That call's frame.
        number: The round of the loop around it.
    """
    if level.is_generator:
        return id(frame)  # it goes on, wherever it is resumed
    return hash((level.above, id(local_variable(frame, 0)) if level.is_method else 0, number))


def _target(turn: Turn, frame: FrameType) -> int:
    found = 0
    for each in turn.targets:
        value = frame.f_globals.get(each) if type(each) is str else local_variable(frame, each)
        found = found * 31 + id(value)
    return found


def _is_again(turn: Turn, entry: _Entry, called: Called) -> bool:
    """Whether what began a round begins another one, as far as that can be told."""
    place, first = called.place, entry.first
    if place is not first.place or called.name != first.name or called.module != first.module:
        return False
    if turn.depth >= place.direct_from and called.is_own:
        # Of a loop that has variables nobody knows whether it went on where they are bound to the same once more.
        return not turn.targets or turn.depth == len(place.frames) - 1
    return turn.is_lone and not turn.targets and called.module != ""


def levels_of(sites: list[Site]) -> tuple[Level, ...]:
    """The calls of a stack of code that has loops, outermost first; none where no loop is around any of them."""
    found: list[Level] = []
    above = 0
    last = max((depth for depth, site in enumerate(sites) if site.loops), default=ev.NONE)
    for depth, site in enumerate(sites):
        code = site.code
        if site.has_loops:
            is_method = bool(code.co_flags & _OPTIMIZED) and code.co_varnames[:1] == ("self",)
            is_generator = bool(code.co_flags & _GENERATORS)
            turns = tuple(_turns_of(site, depth, is_last=depth == last))
            lines = tuple([turn.line for turn in turns])
            found.append(Level((depth, id(code)), depth, above, is_method, is_generator, turns, lines))
        above = hash((above, id(code), site.instruction))
    return tuple(found)


def _turns_of(site: Site, depth: int, *, is_last: bool) -> Iterator[Turn]:
    for index, loop in enumerate(site.loops, 1):
        within = site.loops[index] if index < len(site.loops) else None
        statement, instruction = (site.statement, site.instruction) if within is None else (within.line, 0)
        targets = tuple([place for name in loop.targets if (place := _place_of(name, site.code)) is not None])
        is_innermost = is_last and within is None
        key = (depth, id(site.code), loop.line)
        yield Turn(
            key, loop.line, depth, statement, instruction, targets, loop is site.head, loop.is_lone, is_innermost
        )


def _place_of(name: str, code: CodeType) -> int | str | None:
    """Where a variable of a piece of code is found; None where it is not."""
    if code.co_flags & _OPTIMIZED:
        variables = variables_of(code)
        return variables.index(name) if name in variables else None
    return name if code.co_name == "<module>" else None
