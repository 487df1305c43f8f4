"""Texts that no file can hold: file names that are not UTF-8 reach Python as halves of characters."""

from __future__ import annotations

from typing import Any

import msgspec


def encodable(thing: Any) -> Any:
    """The same, where such halves are told by their escapes, as Python's stderr tells them.

    Args:
        thing: A text, or a struct, tuple or list that holds some; anything else is given back as it is.
    """
    if isinstance(thing, str):
        return thing.encode("utf-8", "backslashreplace").decode()
    if isinstance(thing, msgspec.Struct):
        parts = {name: encodable(getattr(thing, name)) for name in thing.__struct_fields__}
        return msgspec.structs.replace(thing, **parts)
    if isinstance(thing, tuple):
        return tuple([encodable(each) for each in thing])
    if isinstance(thing, list):
        return [encodable(each) for each in thing]
    return thing
