"""Storages that a queue or a pipe of torch's has moved into memory that other processes may write on, or has brought.

torch itself remembers them, the latest last. To ask a tensor's storage would make a Python object of it, which lives as
long as it does.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing import reductions

from graphviz_app.own import __builtins__  # noqa: F401

_cache: dict[Any, Any] = reductions.shared_cache
_storage_by = torch.UntypedStorage._new_with_weak_ptr
_data_ptr = torch.UntypedStorage.data_ptr
_keys, _get = dict.keys, dict.get


def _latest() -> Any:
    try:
        return next(reversed(_cache), None)
    except RuntimeError:
        return None  # another thread adds to it just now


class Shared:
    """Tells of each such storage once."""

    def __init__(self) -> None:
        self._latest: Any = _latest()

    def met(self) -> list[int]:
        """Where the storages begin that are shared since this was asked last."""
        if not _cache or _latest() == self._latest:
            return []
        # At once, as other threads may go on.
        keys = list(_keys(_cache))
        starts: list[int] = []
        for key in reversed(keys):
            if key == self._latest:
                break
            storage = None if (kept := _get(_cache, key)) is None else _storage_by(kept.cdata)
            if storage is not None:
                starts.append(_data_ptr(storage))
        self._latest = keys[-1] if keys else None
        return starts
