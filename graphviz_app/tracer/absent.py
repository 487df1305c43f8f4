"""Takes our modules out of `sys.modules` while the program runs: what it lists there is what it would list without us.

The modules themselves live on, and work. Only an import of ours by name would not find them, and load them anew: it
stands within `present`.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import ModuleType

_PACKAGE = "graphviz_app"


class OurModules:
    """Our modules, which are listed or not."""

    def __init__(self) -> None:
        self._taken: dict[str, ModuleType] = {}

    def take_out(self) -> None:
        """From now on they are not listed."""
        for name in list(sys.modules):
            if name == _PACKAGE or name.startswith(f"{_PACKAGE}."):
                self._taken[name] = sys.modules.pop(name)

    def put_back(self) -> None:
        """They are listed again."""
        sys.modules.update(self._taken)
        self._taken = {}

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
