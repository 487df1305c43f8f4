"""Imports, while nobody waits, what torch would import in the middle of the program.

The first `backward(gradient)` loads torch's symbolic shapes, and the first optimizer loads TorchDynamo: half a second,
and one or two. In a process that waits for Run they can be loaded before.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOADED_LATE = ("torch.fx.experimental.symbolic_shapes", "torch._dynamo")
_PATIENCE = 0.2
"""Seconds without a command after which this process is one that waits: on the command line it comes at once."""


def warm_further(is_wanted: Callable[[float], bool]) -> None:
    """Import what torch loads late, one thing after the other, until something else is wanted of this process.

    What the imports change where the program could see it (environment variables, filters of warnings) is put back.

    Args:
        is_wanted: Waits up to so many seconds for a command, and says whether there is one.
    """
    patience = _PATIENCE
    for name in _LOADED_LATE:
        if is_wanted(patience):
            return
        patience = 0.0
        environment = dict(os.environ)
        try:
            with warnings.catch_warnings():
                importlib.import_module(name)
        except Exception:  # noqa: BLE001 - what this torch does not have, or not on this machine, is not needed either
            continue
        finally:
            for name in set(os.environ) - set(environment):
                del os.environ[name]
            restore(environment)


def restore(environment: Mapping[str, str | None]) -> None:
    """Give variables these values again; None where they were not there."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        elif os.environ.get(name) != value:
            os.environ[name] = value
