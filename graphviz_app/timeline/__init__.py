"""State at any step of a recording; the cursor's questions; the ledger of every leaf's `.grad`."""

from graphviz_app.timeline.chapters import Chapter
from graphviz_app.timeline.ledger import Ledger, LedgerEntry
from graphviz_app.timeline.state import Phase, StepState
from graphviz_app.timeline.timeline import Timeline

__all__ = ["Chapter", "Ledger", "LedgerEntry", "Phase", "StepState", "Timeline"]
