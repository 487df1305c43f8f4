"""Python objects of tensors that exist only because we looked are not found by `gc.get_objects()`.

torch makes the Python object of a tensor when somebody first asks for it, and keeps it for as long as the tensor lives.
A gradient that the engine has put into `.grad` has none until the program reads it, and programs that look for tensors
in memory list those that have. So the collector is told to forget the object that we have brought about, and told of
it again as soon as the program reads it.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401

_is_listed = gc.is_tracked
# What is no part of a circle loses nothing by it: the collector only ever frees what cannot be reached otherwise.
_CAN = sys.implementation.name == "cpython" and "free-threading" not in sys.version
_prototype = ctypes.PYFUNCTYPE(None, ctypes.py_object)
_forget: Any = _prototype(("PyObject_GC_UnTrack", ctypes.pythonapi)) if _CAN else None
_know: Any = _prototype(("PyObject_GC_Track", ctypes.pythonapi)) if _CAN else None


def unlist(tensor: torch.Tensor) -> None:
    """The program has never seen the Python object of this tensor."""
    if _CAN and _is_listed(tensor):
        _forget(tensor)


def list_again(thing: Any) -> None:
    """The program has it now, if it is a tensor."""
    # To make known what is known ends the process.
    if _CAN and isinstance(thing, torch.Tensor) and not _is_listed(thing):
        _know(thing)
