"""Where in the user's own code something happened: the line, the columns, and the calls that led there."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import builtins
import linecache
import os
import site
import sys
import sysconfig
from importlib.util import decode_source
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from zipimport import zipimporter

import msgspec
import torch
from torch.utils._contextlib import context_decorator as _context_decorator

from graphviz_app.own import __builtins__, original_builtins  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.frames import MISSING, is_method, variable
from graphviz_app.tracer.modules import CALL
from graphviz_app.tracer.rounds import WHOLE_STACK, around
from graphviz_app.tracer.statements import WHOLE, Statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.recording.loops import Loop
    from graphviz_app.tracer.log import EventLog
    from graphviz_app.tracer.rounds import Around

    _Position = tuple[int | None, int | None, int | None, int | None]

_CODES_KEPT = 20_000
_OUTER, _INNER = WHOLE_STACK // 2, WHOLE_STACK // 2 + 1
"""How many calls of a deeper stack are told, counted from outside and from inside; of fewer all are told, so that a
stack of this many is never taken for one that was told whole."""
_FAR, _READ_AT_ONCE = 4096, 16
"""From which instruction on it matters where the last one was found, and in how many pieces of code at once."""
_CELL = "<ipython-input-"
"""What the names of IPython's cells begin with."""
_getframe = sys._getframe
# As they were at the start: the program may put others in their places.
_realpath, _getlines = os.path.realpath, linecache.getlines
_dirname, _isfile, _isdir = os.path.dirname, os.path.isfile, os.path.isdir


class Site(msgspec.Struct, eq=False, gc=False):
    """One place in the user's code from which torch is called: an instruction of a code object.

    As with a `Place`, the garbage collector does not count it: programs count what it knows.

    Attributes:
        code: The code object, which is kept alive.
        span: Where it stands.
        frame: The same as an entry of a stack.
        text: What stands there, shortened: "loss.backward()".
        targets: What the value is assigned to: ("y",), ("q", "k"), or () where it is not.
        statement: The line at which its statement begins.
        column: Where in that line, of several that begin there; else 0.
        returned: Which part of what its function returns the value is, None where it is none.
        called: The last name of what is called there, "" where nothing of a name is.
        instruction: Where in the code object it is.
        loops: The loops around it, outermost first.
        head: The innermost of them where it stands in its `for` or `while`.
        has_loops: Whether its code has any.
        is_sure: Whether what torch computes there is what is given a name, by the look of it.
        part: Which part of it is given the name (`Statements.part`).
        is_each: Whether a loop goes through that: each part of it is given the name, one after the other.
    """

    code: CodeType
    span: ev.Span
    frame: ev.Frame
    text: str
    targets: tuple[str, ...]
    statement: int
    column: int
    returned: int | None
    called: str
    instruction: int
    loops: tuple[Loop, ...]
    head: Loop | None
    has_loops: bool
    is_sure: bool
    part: str
    is_each: bool


class Place(msgspec.Struct, eq=False, gc=False):
    """A stack of sites, innermost last.

    Attributes:
        site: The innermost.
        span: Where that stands.
        frames: All, outermost first.
        targets: What the value is assigned to, also by the callers of functions that return it.
        around: The loops around each of the sites.
        direct_from: The outermost site from which on each called the next by itself, with no library between.
        owner: The site whose value they have: that, or a caller's.
        depth: Which of the stack that is, from 0, outermost first.
        methods: Which of the sites, counted from the innermost, are in methods, by the look of them, but for those that
            make an object; of one that calls itself the innermost.
        steps: Likewise, without those called `forward`.
        outer_methods: Likewise, outermost first and with those that make an object; of one that calls itself the
            outermost.
        is_sure: Whether what torch computes there is what is given their names, by the look of it.
    """

    site: Site
    span: ev.Span
    frames: tuple[ev.Frame, ...]
    targets: tuple[str, ...]
    around: Around
    direct_from: int
    owner: Site
    depth: int
    methods: tuple[int, ...]
    steps: tuple[int, ...]
    outer_methods: tuple[int, ...]
    is_sure: bool

    @classmethod
    def of(cls, sites: list[Site], frame: FrameType | None = None) -> Place:
        """The place of sites.

        Args:
            sites: Outermost first.
            frame: The frame from which they were found; None where nothing is computed there.
        """
        site = sites[-1]
        targets, depth = site.targets, len(sites) - 1
        if not targets and site.returned is not None and frame is not None:
            targets, depth = _returned_to(sites, frame)
        loops = around(sites)
        direct_from = _direct_from(sites, frame) if loops.turns else 0
        frames = tuple([each.frame for each in sites])
        owner = sites[depth]
        is_sure = all(each.is_sure for each in sites[depth:]) and not (targets and _is_constructed(site, frame))
        return cls(site, site.span, frames, targets, loops, direct_from, owner, depth, *_methods(sites), is_sure)


class Places:
    """Finds places, and names the files that they are in.

    Args:
        log: Where files are announced.
        folder: The user's own folder; code elsewhere is a library's.
        bottom: Code at which the walk down the stack ends, because only our own lies below it.
    """

    def __init__(self, log: EventLog, folder: str | None, bottom: tuple[CodeType, ...] = ()) -> None:
        self._log = log
        self._folder = None if folder is None else os.path.realpath(folder) + os.sep
        self._bottom = frozenset(map(id, bottom))
        self._files: dict[str, int] = {}
        self._announced = 0
        self._texts: dict[str, str] = {}
        self._statements: dict[str, Statements] = {}
        # By the id of a code object, which the value keeps alive: hashing code objects is slow.
        self._codes: dict[int, tuple[CodeType, int]] = {}
        # The same ids, apart: nearly every frame on a stack is a library's, and is passed by.
        self._users: set[int] = set()
        self._libraries: set[int] = set()
        self._sites: dict[tuple[int, int], Site] = {}
        self._have_loops: dict[int, bool] = {}
        self._positions = Positions()
        self.inner: FrameType | None = None
        self.outer: FrameType | None = None
        self.within = self.beyond = 0
        self.frames: list[FrameType] = []
        self._places: dict[tuple[int, ...], Place] = {}

    def add_source(self, path: str, text: str) -> None:
        """Tell the text of a file that may not be on disk."""
        self._texts[path] = text
        self._file(path)

    def add_main(self, path: str, text: str) -> None:
        """Tell the text of the main file before all others; it may be a library's, which has no lines of the user's."""
        if self._is_users(path):
            self.add_source(path, text)
        else:
            self._announce(path, text)
            self._files[path] = ev.NONE

    def find(self, frame: FrameType | None) -> Place | None:
        """The user's place that led to `frame`, or None where there is none.

        The calls of modules that were met on the way, innermost and outermost, are in `inner` and `outer` until
        `let_go`, the program's own frames, innermost first, in `frames`, and how many of those run within the one and
        the other in `within` and `beyond`.
        """
        key: list[int] = []
        frames: list[FrameType] = []
        start = frame
        libraries, users = self._libraries, self._users
        inner = outer = None
        within = beyond = 0
        while frame is not None:
            code = frame.f_code
            number = id(code)
            # Most frames on a stack are a library's.
            if number in libraries:
                pass
            elif number in users:
                key.append(number)
                key.append(frame.f_lasti)
                frames.append(frame)
            elif code is CALL:
                if inner is None:
                    inner, within = frame, len(frames)
                outer, beyond = frame, len(frames)
            elif number in self._bottom:
                break
            else:
                self._meet(code)
                continue
            frame = frame.f_back
        self.inner, self.outer, self.frames = inner, outer, frames
        self.within, self.beyond = within, beyond
        if not key:
            return None
        if len(key) > 2 * WHOLE_STACK:
            # A recursion's: told whole with each operation, it would take its square of time and memory. Who assigns
            # what is returned through it is not known then.
            key[2 * _INNER : -2 * _OUTER] = []
            untold = len(frames) - _INNER - _OUTER
            frames[_INNER:-_OUTER] = []
            self.within = min(self.within, max(_INNER, self.within - untold))
            self.beyond = min(self.beyond, max(_INNER, self.beyond - untold))
            start = None
        sites = tuple(key)
        return self._places.get(sites) or self._make(sites, start)

    def site_of(self, frame: FrameType) -> Site:
        """Where a frame of the user's is."""
        return self._site(frame.f_code, frame.f_lasti)

    def let_go(self) -> None:
        """Hold no frames: one that is held keeps the variables of its function when that has returned."""
        self.inner = self.outer = None
        self.frames = []

    def of_traceback(self, traceback: Any) -> Place | None:
        """The user's place at which an exception was raised."""
        sites: list[Site] = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if self._known(code)[1] >= 0:
                sites.append(self._site(code, traceback.tb_lasti))
            traceback = traceback.tb_next
        return Place.of(sites) if sites else None

    def definition(self, function: Any) -> ev.Span | None:
        """Where a function of the user's is written."""
        # Anything else of the program's may hear that it is asked.
        if type(function) is MethodType:
            function = function.__func__
        if type(function) is FunctionType:
            function = function.__dict__.get("__wrapped__", function)
        if type(function) is not FunctionType:
            return None
        file = self._known(function.__code__)[1]
        return None if file < 0 else ev.Span(file, function.__code__.co_firstlineno)

    def file_number(self, path: str) -> int:
        """The number of a file, NONE where it is not the user's."""
        return self._file(path)

    def is_user_code(self, code: CodeType) -> bool:
        """Whether a code object comes from the user's own files."""
        return self._known(code)[1] >= 0

    def _known(self, code: CodeType) -> tuple[CodeType, int]:
        known = self._codes.get(id(code))
        return known if known is not None else self._meet(code)

    def _meet(self, code: CodeType) -> tuple[CodeType, int]:
        if len(self._codes) > _CODES_KEPT:
            known = (self._codes, self._sites, self._places, self._users, self._libraries)
            for each in (*known, self._have_loops, self._positions):
                each.clear()
        known = (code, self._file(code.co_filename))
        self._codes[id(code)] = known
        # A module's call, and where the walk ends, are told apart by themselves.
        if code is not CALL and id(code) not in self._bottom:
            (self._users if known[1] >= 0 else self._libraries).add(id(code))
        return known

    def _file(self, path: str) -> int:
        number = self._files.get(path)
        if number is None:
            with original_builtins():
                text = self._text(path)
            number = self._files[path] = ev.NONE if text is None else self._announce(path, text)
            if text is not None:
                self._statements[path] = Statements(text)
        return number

    def _announce(self, path: str, text: str) -> int:
        number = self._announced
        self._announced += 1
        self._log.add(ev.SourceRead(number, path, text))
        return number

    def _text(self, path: str) -> str | None:
        """The text of a file of the user's, None for other files."""
        if path in self._texts:
            return self._texts[path]
        if path.startswith(_CELL) and any(known.startswith(_CELL) for known in self._texts):
            # Another cell of the same session.
            return "".join(_getlines(path)) or None
        if self._folder is None or path.startswith("<") or not self._is_users(path):
            return None
        cache = linecache.cache
        is_read_already = path in cache
        text = "".join(_getlines(path))
        if not is_read_already:
            # The program may write another text into the file, and ask for a line of that.
            cache.pop(path, None)
        return text or text_in_archive(path)

    def _is_users(self, path: str) -> bool:
        real = _realpath(path)
        if self._folder is None or not real.startswith(self._folder):
            return False
        return not is_of_library(real)

    def _make(self, key: tuple[int, ...], frame: FrameType | None) -> Place:
        sites = [self._site(self._codes[key[i]][0], key[i + 1]) for i in range(0, len(key), 2)]
        sites.reverse()
        place = Place.of(sites, frame)
        if len(self._places) > _CODES_KEPT:
            self._places.clear()
        self._places[key] = place
        return place

    def _site(self, code: CodeType, instruction: int) -> Site:
        key = (id(code), instruction)
        found = self._sites.get(key)
        if found is None:
            found = self._sites[key] = self._make_site(code, instruction)
        return found

    def _make_site(self, code: CodeType, instruction: int) -> Site:
        statements = self._statements[code.co_filename]
        with original_builtins():
            span = statements.span(self._files[code.co_filename], self._positions.of(code, instruction))
            text, targets, statement = statements.at(span)
            column, returned, called = statements.column(span), statements.returned(span), statements.called(span)
            loops, head = statements.loops(span, code.co_name)
            has_loops = self._have_loops.get(id(code))
            if has_loops is None:
                has_loops = statements.has_loops(code.co_firstlineno, _last_line(code))
                self._have_loops[id(code)] = has_loops
            is_sure, part, is_each = statements.is_sure(span), statements.part(span), statements.is_each(span)
        frame = ev.Frame(span, code.co_qualname)
        return Site(
            code, span, frame, text, targets, statement, column, returned, called, instruction, loops, head, has_loops,
            is_sure, part, is_each,
        )  # fmt: skip


def _methods(sites: list[Site]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """What a `Place` tells of the methods among sites."""
    last = len(sites) - 1
    found = [(last - at, each.code) for at, each in enumerate(sites) if is_method(each.code)]
    # Of those that have the same code the last one, outermost or innermost, takes the place of the others.
    inner = {id(code): (at, code.co_name) for at, code in found}
    outer = {id(code): at for at, code in reversed(found)}
    methods = sorted((at, name) for at, name in inner.values() if name != "__init__")
    steps = tuple([at for at, name in methods if name != "forward"])
    return tuple([at for at, _ in methods]), steps, tuple(sorted(outer.values(), reverse=True))


def _returned_to(sites: list[Site], frame: FrameType) -> tuple[tuple[str, ...], int]:
    """What a value returned at the innermost site is assigned to by callers, and by which; () where it is not."""
    part, inner, depth = WHOLE, sites[-1], len(sites) - 1
    caller: FrameType | None = frame
    for outer in reversed(sites[:-1]):
        between: list[CodeType] = []
        while caller is not None and caller.f_code is not inner.code:
            caller = caller.f_back
        caller = None if caller is None else caller.f_back
        while caller is not None and caller.f_code is not outer.code:
            between.append(caller.f_code)
            caller = caller.f_back
        if caller is None or not _hands_on(outer, inner, between, caller):
            break
        if inner.returned != WHOLE:
            if part != WHOLE or inner.returned is None:
                break
            part = inner.returned
        depth -= 1
        if outer.targets or outer.returned is None:
            # Of what is unpacked or taken a part of, the program's variables will tell which has the name.
            return (_part_of(outer.targets, part) if outer.is_sure else outer.targets), depth
        inner = outer
    return (), depth


def _is_constructed(site: Site, frame: FrameType | None) -> bool:
    """Whether a library's class is called at a site: what its `__init__` computes is not the object."""
    inner: FrameType | None = None
    while frame is not None and frame.f_code is not site.code:
        inner, frame = frame, frame.f_back
    return inner is not None and inner.f_code.co_name == "__init__"


def _direct_from(sites: list[Site], frame: FrameType | None) -> int:
    """The outermost of sites from which on each called the next by itself, or as a module."""
    depth = len(sites) - 1
    codes = {id(site.code) for site in sites}
    while frame is not None and id(frame.f_code) not in codes:
        # What a library calls for the innermost, the call itself tells.
        frame = frame.f_back
    while frame is not None and depth > 0:
        frame = frame.f_back
        while frame is not None and frame.f_code is not sites[depth - 1].code:
            if frame.f_code not in _TRANSPARENT:
                return depth
            frame = frame.f_back
        depth -= 1
    return depth


def _hands_on(outer: Site, inner: Site, between: list[CodeType], caller: FrameType) -> bool:
    """Whether the value of a call, in that frame, is what a function that runs because of it returns."""
    name = inner.code.co_name
    if not between and name in _COMPREHENSIONS:
        return True
    if not between and _is_called(outer.called, inner.code, caller):
        # By the name of a variable that it is bound to, an argument perhaps: `solver(lambda z: f(z, x))`.
        return True
    if outer.called == name and all(code in _TRANSPARENT for code in between):
        return True
    is_module = bool(between) and all(code in _MODULE_CALLS for code in between)
    return is_module and name == "forward" and outer.called not in _NO_MODULES


def _is_called(name: str, code: CodeType, frame: FrameType) -> bool:
    """Whether a variable of a function is bound to a function with that code."""
    value = variable(frame, name) if name and frame.f_code.co_name != "<module>" else MISSING
    value = dict.get(frame.f_globals, name) if value is MISSING else value
    return type(value) is FunctionType and value.__code__ is code


def _part_of(targets: tuple[str, ...], part: int) -> tuple[str, ...]:
    if part == WHOLE or not targets:
        return targets
    if len(targets) == 1:
        return (f"{targets[0]}[{part}]",) if targets[0] else ()
    return targets[part : part + 1] if not any(name.startswith("*") for name in targets) else ()


_COMPREHENSIONS = ("<genexpr>", "<listcomp>")
_NO_MODULES = frozenset(["", *dir(builtins)])
"""What is called where a module is handed to it: `sum(map(model, batches))`."""
_MODULE_CALLS = (CALL, torch.nn.Module._wrapped_call_impl.__code__)
_TRANSPARENT = (*_MODULE_CALLS, *[each for each in _context_decorator.__code__.co_consts if isinstance(each, CodeType)])
"""Code of torch's that calls a function and gives back what it returns."""


def _libraries() -> tuple[str, ...]:
    """Folders of code that nobody's program is in."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parents[1])}
    # Where it was built from its sources, it may lie beside the programs.
    folders.add(str(Path(torch.__file__).parent))
    return tuple(os.path.realpath(folder) + os.sep for folder in folders if folder)


LIBRARIES = _libraries()


def is_of_library(real: str) -> bool:
    """Whether a file, whose path leads over no links, is in a folder of code that nobody's program is in."""
    return any(real.startswith(library) for library in LIBRARIES) or "site-packages" in real


def text_in_archive(path: str) -> str | None:
    """The text of a file in an archive from which Python imports, None where there is none.

    Args:
        path: As in its code: the archive's own path, and from there that in the archive.
    """
    archive = _dirname(path)
    while not _isfile(archive):
        below, archive = archive, _dirname(archive)
        if archive == below or _isdir(archive):
            return None
    try:
        return decode_source(zipimporter(archive).get_data(path))
    except (ImportError, OSError, SyntaxError, UnicodeDecodeError):
        return None


class Positions:
    """Where instructions stand in the text.

    Python tells the positions of a piece of code one after the other alone. In one of thousands of lines each is looked
    for from where the last one was found, since that is how the code runs.
    """

    def __init__(self) -> None:
        self._read: dict[int, tuple[Iterator[_Position], int]] = {}

    def clear(self) -> None:
        """Remember nothing of where any was found."""
        self._read.clear()

    def of(self, code: CodeType, instruction: int) -> tuple[int, int, int, int]:
        """Line, end line, column and end column (in bytes) of an instruction; NONE where unknown."""
        index, is_far = instruction // 2, instruction > _FAR
        positions, passed = self._read.pop(id(code), (None, 0)) if is_far else (None, 0)
        if positions is None or index < passed:
            positions, passed = code.co_positions(), 0
        line, end_line, column, end_column = next(islice(positions, index - passed, None), (None,) * 4)
        if is_far:
            if len(self._read) >= _READ_AT_ONCE:
                del self._read[next(iter(self._read))]
            self._read[id(code)] = positions, index + 1
        return (
            line or code.co_firstlineno,
            end_line or ev.NONE,
            ev.NONE if column is None else column,
            ev.NONE if end_column is None else end_column,
        )


def _last_line(code: CodeType) -> int:
    return max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
