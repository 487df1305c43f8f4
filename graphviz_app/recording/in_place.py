"""Which arguments an operation writes on, by what torch calls it."""

from __future__ import annotations

_SETTERS = frozenset({"torch.Tensor.__setitem__", "torch.Tensor.real.__set__", "torch.Tensor.imag.__set__"})


def writes_on(name: str, argument: str) -> bool:
    """Whether an operation writes on an argument.

    torch ends the names of such operations in one underscore; of other names nothing follows but for those that set
    something and for `out`.

    Args:
        name: The operation's qualified name.
        argument: The argument's path, as in `TensorUse`: "0" for the first, "0[1]" for a part of it.
    """
    if argument == "out" or (argument == "0" and name in _SETTERS):
        return True
    return argument.startswith("0") and name.endswith("_") and not name.endswith("__")
