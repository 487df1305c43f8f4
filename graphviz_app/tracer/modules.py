"""Which `nn.Module` is running: read off the stack, so that no hook has to be installed."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.frames import MISSING, local_variable
from graphviz_app.tracer.names import module_paths

if TYPE_CHECKING:
    from graphviz_app.tracer.places import Places

CALL = torch.nn.Module._call_impl.__code__


class ModulePaths:
    """Paths of modules below the outermost module that runs, such as "blocks.3.attn"."""

    def __init__(self) -> None:
        self._roots: dict[int, tuple[weakref.ref[Any], dict[int, str]]] = {}

    def of(self, places: Places) -> tuple[str, str]:
        """Path and class of the module that runs at the place that was found last, below the outermost that runs.

        Both are "" where none runs.
        """
        innermost, outermost = places.inner, places.outer
        if innermost is None or outermost is None:
            return "", ""
        module = local_variable(innermost, 0)
        root = local_variable(outermost, 0)
        if module is MISSING or root is MISSING:
            return "", ""
        kind = type(module).__name__
        known = self._roots.get(id(root))
        if known is None or known[0]() is not root:
            known = self._remember(root)
        path = known[1].get(id(module))
        if path is None:
            # A child that was added, or made on the fly, since the root was first met.
            path = self._remember(root)[1].get(id(module), "")
        return path, kind

    def _remember(self, root: Any) -> tuple[weakref.ref[Any], dict[int, str]]:
        if len(self._roots) > 256:
            self._roots.clear()
        known = self._roots[id(root)] = (weakref.ref(root), module_paths(root))
        return known
