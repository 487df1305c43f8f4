"""What changed between two requests: one group opened or closed, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from graphviz_app.layout.model import LayoutRequest

Path = tuple[str, ...]


class Change(NamedTuple):
    """The group at `path` opened or closed; closed, it is (or was) the box with this key."""

    path: Path
    opened: bool
    box: str


def changed_group(before: LayoutRequest, after: LayoutRequest) -> Change | None:
    """Return the one group that opened or closed from one request to the other; None if anything else changed."""
    if before.direction != after.direction:
        return None
    old, new = ({box.key: box for box in request.boxes} for request in (before, after))
    if len(old) != len(before.boxes) or len(new) != len(after.boxes):
        return None
    if any(old[key] != new[key] for key in old.keys() & new.keys()):
        return None
    gone, come = (
        [box for key, box in old.items() if key not in new],
        [box for key, box in new.items() if key not in old],
    )
    if len(gone) == 1 and come:
        path = _opened(gone[0].group, [box.group for box in come])
        return None if path is None else Change(path, opened=True, box=gone[0].key)
    if len(come) == 1 and gone:
        path = _opened(come[0].group, [box.group for box in gone])
        return None if path is None else Change(path, opened=False, box=come[0].key)
    return None


def _opened(outside: Path, inside: list[Path]) -> Path | None:
    """Return the path of the group that holds all that is inside, directly within where its box was."""
    depth = len(outside) + 1
    paths = {path[:depth] for path in inside}
    path = next(iter(paths))
    return path if len(paths) == 1 and len(path) == depth and path[:-1] == outside else None
