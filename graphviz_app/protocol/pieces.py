"""A batch that is too large for one message, as several that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator

PRINT_SIZE = 1 << 22
"""Characters of one print that go into a message."""


def in_pieces(batch: ev.Batch, size: int = PRINT_SIZE) -> Iterator[ev.Batch]:
    """The same events in the same order, where the text of a very long print becomes several prints.

    Prints are the only events without a bound of their own. The values come with the first piece.
    """
    events: list[ev.Event] = []
    values, first_value = batch.values, batch.first_value
    for event in batch.events:
        if not isinstance(event, ev.Printed) or len(event.text) <= size:
            events.append(event)
            continue
        for start in range(0, len(event.text), size):
            events.append(ev.Printed(event.stream, event.text[start : start + size]))
            yield ev.Batch(first_value, values, tuple(events))
            first_value += len(values)
            values, events = (), []
    if events or values:
        yield ev.Batch(first_value, values, tuple(events))
