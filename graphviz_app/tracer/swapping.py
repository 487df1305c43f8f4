"""Lets the program swap two tensors' contents, which torch refuses while anybody has a weak reference to one.

`torch.utils.swap_tensors` leaves both Python objects where they are and exchanges what is in them; modules do so when
they are moved, or load a state, if the program wishes it. What is known of a tensor stays with its Python object.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch
import torch.utils

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene, watchers_in_c
from graphviz_app.tracer.originals import version_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from graphviz_app.tracer.core import Core


def let_swap(core: Core) -> Callable[[], None]:
    """Stand in for torch's function; returns what puts it back."""
    original: Any = torch.utils.swap_tensors

    def swap_tensors(t1: Any, t2: Any) -> Any:
        if core.muted or not (isinstance(t1, torch.Tensor) and isinstance(t2, torch.Tensor)):
            return original(t1, t2)
        with core.log.lock, torch._C.DisableTorchFunction():  # noqa: SLF001
            known = [(tensor, core.tensors.let_go(tensor)) for tensor in (t1, t2)]
            core.leaves.let_go_of_grad(t1)
            core.leaves.let_go_of_grad(t2)
            core.values.forget_figures()
        # Looking for the tensors' nodes it makes views of them, which are not to be met meanwhile.
        core.local.silent += 1
        try:
            result = original(t1, t2)
        finally:
            core.local.silent -= 1
            with core.log.lock, torch._C.DisableTorchFunction():  # noqa: SLF001
                for tensor, tracked in known:
                    if tracked is not None:
                        core.tensors.take_up(tensor, tracked)
                        if tracked.leaf is None:
                            # What it holds now is looked at when it is used next.
                            tracked.value, tracked.version = ev.NONE, version_of(tensor)
        _tell(core, (t1, t2), sys._getframe(1))  # noqa: SLF001
        return result

    torch.utils.swap_tensors = hygiene.disguise(swap_tensors, original)
    return lambda: setattr(torch.utils, "swap_tensors", original)


def _tell(core: Core, swapped: tuple[torch.Tensor, torch.Tensor], caller: FrameType) -> None:
    """Tell what became of leaves whose contents were swapped."""
    if watchers_in_c.current_tracer() is not None:
        hygiene.untraced(_tell, core, swapped, caller)
        return
    try:
        with core.log.lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():  # noqa: SLF001
            place = core.places.find(caller)
            core.places.let_go()
            core.leaves.settle(place)
            core.leaves.touch(swapped, place, unseen=True)
            core.leaves.touch(swapped, place, grad_alone=True)
    except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
        core.log.lost("a leaf", error)
