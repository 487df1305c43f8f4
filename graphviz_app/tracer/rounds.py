"""Counts the rounds of the program's loops, as far as torch is called in them.

Nothing tells when a loop goes on, and nothing may be put into the program that would. But where a call stands on the
stack tells: within a loop's body one statement follows the other, and within a statement one instruction, so what is
called further up than before is called in another round. Where the same place calls again and again, as for each
parameter in an optimizer's step, the loop's own variables tell: they are bound to something else in each round.
"""

from __future__ import annotations

import re
import threading
from operator import length_hint
from types import GeneratorType
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.frames import identity_in, is_plain, local_variable, variables_in, variables_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from graphviz_app.recording.loops import Loop
    from graphviz_app.tracer.places import Place, Places, Site

_OPTIMIZED = 1
"""Flag of code objects whose variables have fixed places: those of functions."""
_GENERATORS = 0x20 | 0x80 | 0x100 | 0x200
"""Flags of those of generators and coroutines of every kind (`inspect.CO_…`)."""
_BY_FRAME, _AT_SITE, _IN_HEAD = range(3)
"""How a generator is told from the one before it: by its frame alone; it is made where it is resumed, anew in each
round of what is around that; or a `for` goes through it, and makes it when it begins."""
_ENTRIES_KEPT = 10_000
WHOLE_STACK = 128
"""How many calls of a stack are told where all of them are."""
_SELF = (0,)
_TELLING = frozenset(map(type, (iter([]), iter(()), iter({}), iter(range(0)), iter(set[int]()), iter(""))))
"""Iterators that tell how much is left, and run none of the program's code for it."""
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_Round = ev.Round


class Turn(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A loop around one call of a stack.

    Attributes:
        key: What no other loop has, nor the same one at another depth.
        line: The line of its `for` or `while`.
        depth: Which call, from 0, outermost first.
        frame: Where that call's frame is in a list that has the innermost first.
        above: What tells the calls further out; of a generator, which goes on wherever it is resumed, nothing does.
        position: Where in the body the call stands: by its statement's line, then, where no further loop is around it,
            by its instruction.
        target: The place of its own variable among the function's; NONE where it has none, several, or one elsewhere.
        targets: Where its own variables are (`variables_in`).
        is_method: Whether the function is a method, whose object tells one of its runs from another's.
        is_generator: Whether the function is a generator, or a coroutine.
        is_head: Whether the call stands in the loop's `for` or `while`.
        is_lone: Whether but one statement of its body calls anything.
        is_innermost: Whether no further loop is around this call, nor around one that it led to.
        made: How one run of such a function is told from another: `_BY_FRAME` and so on. Of the loops within its
            outermost that tells.
        source: Where the variable is, in the frame that resumes it, that the `for` goes through; None where it is none.
        is_apart: Whether it is a generator's, or a comprehension that runs as a function of its own.
        is_counted: Whether it is a comprehension that runs as a function of its own: what it goes through may tell how
            much of it is left.
        runner: The key of the loop right around such a one, in what runs it there; None where there is none.
    """

    key: tuple[int, int, int]
    line: int
    depth: int
    frame: int
    above: int
    position: int
    target: int
    targets: tuple[int | str, ...]
    is_method: bool
    is_generator: bool
    is_head: bool
    is_lone: bool
    is_innermost: bool
    made: int = _BY_FRAME
    source: int | str | None = None
    is_apart: bool = False
    is_counted: bool = False
    runner: tuple[int, int, int] | None = None


class Level(msgspec.Struct, frozen=True, gc=False):
    """A call of a stack, of code that has loops.

    Attributes:
        key: Its depth and its code.
        loops: Where the loops begin that are around it there.
        is_generator: As in `Turn`.
        above: Of a generator that is made where it is resumed, what tells the calls further out; else 0.
        maker: Likewise, but for where in the innermost of them that is, if that can be resumed itself; else 0.
    """

    key: tuple[int, int]
    loops: tuple[int, ...]
    is_generator: bool
    above: int
    maker: int


class Around(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The loops around the calls of a stack.

    Attributes:
        turns: The loops, outermost first.
        levels: The calls of code that has loops.
        ways: What tells the calls down to each, with and without where in it the next one is called.
    """

    turns: tuple[Turn, ...]
    levels: tuple[Level, ...]
    ways: tuple[int, ...]


NOTHING = Around((), (), ())


class _Entry(msgspec.Struct, eq=False, gc=False):
    """Where a loop has come to.

    Attributes:
        above: As in `Turn`.
        outer: The round of the loop around it, by its `ordinal`; of a generator's, which generator it is.
        owner: Whose method it runs in.
        target: What its variables are bound to.
        position: As in `Turn`.
        number: Which round it is, from 1.
        ordinal: Which of all rounds of all loops it is: a loop that began anew has a first round once more.
        begun: Which its first one was.
        is_over: Whether its `for` or `while` came since.
        left: How much was left of what a comprehension goes through, NONE where that does not tell.
        place: Where the round began.
        name: The function that was called there.
        module: The path of the module that called it, or its class, "" where none did.
    """

    above: int
    outer: int
    owner: int
    target: int
    position: int
    number: int
    ordinal: int
    begun: int
    is_over: bool
    left: int
    place: Place
    name: str
    module: str


class _Local(threading.local):
    """Threads run loops of their own, and may run the same ones."""

    def __init__(self) -> None:
        # Neither dictionaries of dictionaries nor lists, which the program's garbage collector would count.
        self.entries: dict[tuple[int, int, int], _Entry] = {}
        # By depth and code, where the loops begin that it is in.
        self.entered: dict[tuple[int, int], tuple[int, ...]] = {}
        self.levels: tuple[Level, ...] = ()
        self.rounds = 0
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

    def of(self, place: Place | None, name: str, module: str, caller: FrameType) -> tuple[ev.Round, ...]:
        """The rounds in which something is called now, of the loops around each call of its stack.

        Written out, because it is asked for every call.

        Args:
            place: Where in the program, the one that was found last.
            name: The function that is called.
            module: The path of the module that calls it, or its class, "" where none does.
            caller: The frame that calls it.
        """
        if place is None:
            return ()
        local, around, frames = self._local, place.around, self._places.frames
        is_other = around.levels != local.levels
        if is_other:
            _enter(local, around, is_whole=len(place.frames) <= WHOLE_STACK)
        if around is NOTHING:
            return ()
        entries, turns, around_it, begun = local.entries, around.turns, 0, 0
        for turn in turns:
            frame, entry = frames[turn.frame], entries.get(turn.key)
            place_of_target = turn.target
            target = identity_in(frame, place_of_target) if place_of_target >= 0 else variables_in(frame, turn.targets)
            outer = around_it
            if turn.is_apart:
                entry, outer = _apart(local, turn, entry, frames, (around_it, begun))
            if entry is None or entry.outer != outer or entry.above != turn.above:
                is_other, number = True, 0 if turn.is_head else 1
                local.rounds = around_it = local.rounds + 1
                entries[turn.key] = _Entry(
                    turn.above, outer, _owner(turn, frame), target, turn.position, number, around_it, around_it,
                    turn.is_head, _left_of(frame) if turn.is_counted else ev.NONE, place, name, module,
                )  # fmt: skip
                begun = around_it
                continue
            if turn.is_head:
                # What was told last may be the round that is over.
                is_other = is_other or not entry.is_over
                entry.is_over, begun = True, entry.begun
            elif (
                entry.is_over
                or target != entry.target
                or turn.position < entry.position
                or (turn.is_innermost and place is entry.place and _is_again(turn, entry, name, module, caller))
            ):
                is_other, owner = True, _owner(turn, frame)
                entry.number = entry.number + 1 if owner == entry.owner else 1
                local.rounds = entry.ordinal = local.rounds + 1
                entry.is_over, entry.owner, entry.place, entry.name, entry.module = False, owner, place, name, module
            entry.target, entry.position = target, turn.position
            around_it = entry.ordinal
        if is_other:
            told = [_Round(turn.depth, turn.line, entries[turn.key].number) for turn in turns if not turn.is_head]
            local.told = tuple(told)
        return local.told


def _enter(local: _Local, around: Around, *, is_whole: bool) -> None:
    """Calls are in these loops; those that they have been in and are no more, begin anew should they run again.

    Args:
        local: What is known of the thread's loops.
        around: The calls of the stack.
        is_whole: Whether those are all: then others, if they are none that are resumed, have returned.
    """
    levels, ways = around.levels, around.ways
    here = [level.key for level in levels]
    for level in local.levels:
        is_over = not level.is_generator
        if level.above and ways and level.above not in ways:
            # What has made it has returned, or does something else now.
            is_over = not level.maker or level.maker in ways
        if is_whole and is_over and level.key not in here:
            for start in local.entered.pop(level.key, ()):
                local.entries.pop((*level.key, start), None)
    local.levels = levels
    if len(local.entries) > _ENTRIES_KEPT:
        local.entries.clear()
        local.entered.clear()
    for level in levels:
        before = local.entered.get(level.key, ())
        if before != level.loops:
            for start in before:
                if start not in level.loops:
                    local.entries.pop((*level.key, start), None)
            local.entered[level.key] = level.loops


def _apart(
    local: _Local, turn: Turn, entry: _Entry | None, frames: list[FrameType], rounds: tuple[int, int]
) -> tuple[_Entry | None, int]:
    """Where a generator's loop, or a comprehension, has come to, None where it is another one; and what tells it.

    Args:
        local: What is known of the thread's loops.
        turn: The loop.
        entry: Where the one before it had come to.
        frames: The program's own.
        rounds: The round of the loop around it, and the first one of the `for` that goes through it.
    """
    around_it, begun = rounds
    outer = _which(turn, frames, around_it, begun) if turn.is_generator else around_it
    if entry is None or not turn.is_counted:
        return entry, outer
    left, before = _left_of(frames[turn.frame]), entry.left
    entry.left = left
    if left <= before:
        return entry, outer
    if entry.outer == outer:
        around_it = _go_on(local, turn, around_it)
        outer = _which(turn, frames, around_it, begun) if turn.is_generator else around_it
    return None, outer


def _go_on(local: _Local, turn: Turn, around_it: int) -> int:
    """A comprehension runs once more: the round of the loop right around it, which has gone on, or the same."""
    loop = None if turn.runner is None else local.entries.get(turn.runner)
    if loop is None:
        return around_it
    loop.number += 1
    local.rounds = loop.ordinal = local.rounds + 1
    return loop.ordinal


def _left_of(frame: FrameType) -> int:
    """How much is left of what a comprehension goes through, which is its first variable; NONE where nothing tells."""
    iterator = local_variable(frame, 0)
    return length_hint(iterator) if type(iterator) in _TELLING else ev.NONE


def _which(turn: Turn, frames: list[FrameType], around_it: int, begun: int) -> int:
    """What tells a generator that goes on from another one of the same function.

    Its frame may lie where that of one that has ended lay.
    """
    frame = id(frames[turn.frame])
    if turn.made == _IN_HEAD:
        if turn.source is not None:
            place, resumes = turn.source, frames[turn.frame + 1]
            value = dict.get(resumes.f_globals, place) if type(place) is str else local_variable(resumes, place)
            if type(value) is GeneratorType:
                # The next one is made before the variable lets go of this.
                return id(value)
        return hash((frame, begun))
    return hash((frame, around_it)) if turn.made == _AT_SITE else frame


def _owner(turn: Turn, frame: FrameType) -> int:
    return variables_in(frame, _SELF) if turn.is_method else 0


def _is_again(turn: Turn, entry: _Entry, name: str, module: str, caller: FrameType) -> bool:
    """Whether what began a round begins another one, as far as that can be told."""
    place = entry.place
    if name != entry.name or module != entry.module:
        return False
    site = place.site
    # The program itself calls it: no library on its behalf, as `sum` and an optimizer do.
    is_own = hygiene.real_caller(caller).f_code is site.code and site.called in ("", name.rpartition(".")[2])
    if is_own and turn.depth >= place.direct_from:
        # Of a loop that has variables nobody knows whether it went on where they are bound to the same once more.
        return not turn.targets or turn.depth == len(place.frames) - 1
    return turn.is_lone and not turn.targets and module != ""


def around(sites: list[Site]) -> Around:
    """The loops around the calls of a stack, outermost first."""
    if not any(site.has_loops for site in sites):
        return NOTHING
    turns: list[Turn] = []
    levels: list[Level] = []
    ways: list[int] = []
    above = maker = 0
    last = max((depth for depth, site in enumerate(sites) if site.loops), default=ev.NONE)
    for depth, site in enumerate(sites):
        if site.has_loops:
            is_generator = bool(site.code.co_flags & _GENERATORS)
            made, source = _made(site, sites[depth - 1]) if is_generator and depth else (_BY_FRAME, None)
            way = above if made == _AT_SITE else 0
            by = maker if way and sites[depth - 1].code.co_flags & _GENERATORS else 0
            loops = tuple([_start(loop) for loop in site.loops])
            levels.append(Level((depth, id(site.code)), loops, is_generator, way, by))
            for index, loop in enumerate(site.loops, 1):
                within = site.loops[index] if index < len(site.loops) else None
                is_innermost = depth == last and within is None
                turns.append(_turn(site, loop, within, (depth, len(sites)), above, is_innermost=is_innermost))
                if index > 1:
                    # Of a loop within another one it is that one's rounds that tell.
                    turns[-1] = replace(turns[-1], is_generator=False)
                else:
                    runner = turns[-2] if len(turns) > 1 and turns[-2].depth == depth - 1 else None
                    is_run_there = (made == _AT_SITE or not is_generator) and runner is not None and not runner.is_head
                    is_counted = site.code.co_varnames[:1] == (".0",)
                    turns[-1] = replace(
                        turns[-1],
                        is_apart=is_generator or is_counted,
                        made=made,
                        source=source,
                        above=way if is_generator else above,
                        is_counted=is_counted,
                        runner=runner.key if is_run_there and runner is not None else None,
                    )
        maker, above = hash((above, id(site.code))), hash((above, id(site.code), site.instruction))
        ways += [maker, above]
    return Around(tuple(turns), tuple(levels), tuple(ways))


def _turn(site: Site, loop: Loop, within: Loop | None, at: tuple[int, int], above: int, *, is_innermost: bool) -> Turn:
    """The turn of a loop around a call, of which one further in may be around it too."""
    code, (depth, count) = site.code, at
    is_generator = bool(code.co_flags & _GENERATORS)
    targets = tuple([place for name in loop.targets if (place := _place_of(name, code)) is not None])
    return Turn(
        (depth, id(code), _start(loop)),
        loop.line,
        depth,
        count - 1 - depth,
        0 if is_generator else above,
        _position_of(site, within),
        targets[0] if len(targets) == 1 and type(targets[0]) is int and is_plain(code, targets[0]) else ev.NONE,
        targets,
        bool(code.co_flags & _OPTIMIZED) and code.co_varnames[:1] == ("self",),
        is_generator,
        loop is site.head,
        loop.is_lone,
        is_innermost,
    )


def _made(site: Site, resumes: Site) -> tuple[int, int | str | None]:
    """How a site's generator is told from the one before it, by what resumes it; and what a `for` goes through."""
    head = resumes.head
    if head is not None and (head.is_for or head.end_column):
        return _IN_HEAD, _place_of(head.source, resumes.code) if head.source else None
    name = site.code.co_name
    inner, outer = site.span, resumes.span
    is_within = (
        inner.file == outer.file
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )
    if is_within if name in _COMPREHENSIONS else re.search(rf"\b{re.escape(name)}\(", resumes.text):
        return _AT_SITE, None
    return _BY_FRAME, None


def _start(loop: Loop) -> int:
    return _position(loop.line, loop.column)


def _position_of(site: Site, within: Loop | None) -> int:
    """Where in a loop's body a call stands, or the loop further in that is around the call."""
    if within is None:
        return _position(site.statement, site.instruction)
    # Since Python 3.12 comprehensions run among the instructions of their statement.
    return _position(site.statement, _first_of(within, site.code)) if within.end_column else _position(within.line, 0)


def _first_of(loop: Loop, code: CodeType) -> int:
    """The first instruction of a comprehension."""
    start, end = (loop.line, loop.column), (loop.last, loop.end_column)
    for number, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if (
            None not in (line, end_line, column, end_column)
            and start <= (line, column)
            and (end_line, end_column) <= end
        ):
            return 2 * number
    return 0


def _position(line: int, instruction: int) -> int:
    return line << 32 | instruction


def _place_of(name: str, code: CodeType) -> int | str | None:
    """Where a variable of a piece of code is found; None where it is not."""
    if code.co_flags & _OPTIMIZED:
        variables = variables_of(code)
        return variables.index(name) if name in variables else None
    return name if code.co_name == "<module>" else None
