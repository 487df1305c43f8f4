"""See PyTorch's autograd work: record a program, step through `backward()`, look at every value.

`graphviz_app.record()` records what runs inside a `with` block; `graphviz_app.open(path)` opens a saved recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from graphviz_app.api import open, record

__all__ = ["__version__", "open", "record"]


def __getattr__(name: str) -> Any:
    # Late: the window's process imports this package and must never import torch.
    if name in ("open", "record"):
        from graphviz_app import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
