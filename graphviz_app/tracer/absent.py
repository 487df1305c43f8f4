"""Takes our modules out of `sys.modules` while the program runs: what it lists there is what it would list without us.

So do the libraries that we alone use, and the modules of Python's own that they brought along. The modules themselves
live on, and work. Where the program imports such a library, it is given the one that is there: two of them in one
process would not get along. Only our own modules would be loaded anew: an import of ours stands within `present`.
"""

# What finds modules is told only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import ModuleType

_PACKAGE = "graphviz_app"
_LIBRARIES = ("msgspec", "ml_dtypes")
_WITH_LIBRARIES = ("decimal", "_decimal")
_PROGRAMS = ("torch", "numpy")
_finder: Any = importlib._bootstrap  # type: ignore[attr-defined]
_brought: set[str] = set()


@contextlib.contextmanager
def withholding() -> Generator[None]:
    """While torch is imported: what our libraries brought along is not listed until torch wants it, too.

    It is then given what is there. From Python 3.13 on, a module in C that is loaded anew has other classes, and the
    program's `Decimal` would be none of msgspec's.
    """
    withheld = {name: sys.modules.pop(name) for name in _WITH_LIBRARIES if name in sys.modules}
    original = _finder._find_and_load

    def _find_and_load(name: Any, import_: Any) -> Any:
        if name in withheld:
            sys.modules.update(withheld)
            withheld.clear()
            return sys.modules[name]
        return original(name, import_)

    _finder._find_and_load = _find_and_load
    try:
        yield
    finally:
        _finder._find_and_load = original
        sys.modules.update(withheld)
        _brought.update(withheld)


@contextlib.contextmanager
def bringing() -> Generator[None]:
    """After torch was imported: what is loaded within, and is not torch's, is there because of us."""
    before = set(sys.modules)
    try:
        yield
    finally:
        _brought.update(each for each in sys.modules.keys() - before if _root(each) not in _PROGRAMS)


class OurModules:
    """Our modules, which are listed or not."""

    def __init__(self) -> None:
        self._taken: dict[str, ModuleType] = {}
        self._dtypes: dict[str, Any] = {}
        self._find: Any = None

    def take_out(self) -> None:
        """From now on they are not listed."""
        # It imports torch, as nothing may that is loaded before it.
        from graphviz_app.tracer.hygiene import disguise

        for name in list(sys.modules):
            if _root(name) in (_PACKAGE, *_LIBRARIES) or name in _brought:
                self._taken[name] = sys.modules.pop(name)
        # ml_dtypes tells numpy its names.
        known = _numpys_dtypes()
        self._dtypes = {name: kind for name, kind in known.items() if kind.__module__ == "ml_dtypes"}
        for name in self._dtypes:
            del known[name]
        if self._find is None:
            self._follow_imports(disguise)

    def put_back(self) -> None:
        """They are listed again."""
        sys.modules.update(self._taken)
        self._taken = {}
        _numpys_dtypes().update(self._dtypes)
        self._dtypes = {}
        if self._find is not None:
            _finder._find_and_load, self._find = self._find, None

    @contextlib.contextmanager
    def present(self) -> Generator[None]:
        """They are listed for a while."""
        were_out = bool(self._taken)
        self.put_back()
        try:
            yield
        finally:
            if were_out:
                self.take_out()

    def _follow_imports(self, disguise: Any) -> None:
        original = self._find = _finder._find_and_load

        def _find_and_load(name: Any, import_: Any) -> Any:
            if name in self._taken and _root(name) != _PACKAGE:
                self._list(_root(name))
                return sys.modules[name]
            return original(name, import_)

        _finder._find_and_load = disguise(_find_and_load, original)

    def _list(self, package: str) -> None:
        """The program uses this library as well."""
        packages = _WITH_LIBRARIES if package in _WITH_LIBRARIES else (package,)
        for name in [each for each in self._taken if _root(each) in packages]:
            sys.modules[name] = self._taken.pop(name)
        if package == "ml_dtypes":
            _numpys_dtypes().update(self._dtypes)
            self._dtypes = {}


def _root(name: str) -> str:
    return name.partition(".")[0]


def _numpys_dtypes() -> dict[str, Any]:
    return getattr(sys.modules.get("numpy"), "sctypeDict", {})
