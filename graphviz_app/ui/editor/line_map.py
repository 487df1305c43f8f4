"""Which line of the edited text a line of the recorded text has become."""

from __future__ import annotations

from difflib import SequenceMatcher

from graphviz_app.recording.syntax import lines_of


class LineMap:
    """Maps lines, from 1, between the text as it ran and the text as it is now.

    A line that was changed or taken out has no counterpart.
    """

    def __init__(self, recorded: str, current: str) -> None:
        self._forward: dict[int, int] | None = None
        self._backward: dict[int, int] = {}
        if recorded == current:
            return
        matcher = SequenceMatcher(None, lines_of(recorded), lines_of(current), autojunk=False)
        self._forward = {}
        for block in matcher.get_matching_blocks():
            for offset in range(block.size):
                self._forward[block.a + offset + 1] = block.b + offset + 1
                self._backward[block.b + offset + 1] = block.a + offset + 1

    @property
    def unchanged(self) -> bool:
        """Whether the text is still the one that ran."""
        return self._forward is None

    def to_current(self, line: int | None) -> int | None:
        """Where a recorded line is now."""
        if line is None or self._forward is None:
            return line
        return self._forward.get(line)

    def to_recorded(self, line: int) -> int | None:
        """Which recorded line a line of the text is."""
        return line if self._forward is None else self._backward.get(line)
