"""An entry of the ledger in words: one cell at a time, and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from graphviz_app.recording.events import NONE
from graphviz_app.recording.passes import pass_name
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.words import place_text, short_place

if TYPE_CHECKING:
    from graphviz_app.timeline import LedgerEntry, Timeline


class LedgerText(NamedTuple):
    """The cells of one row.

    `what` is the pass, or what else happened; `change` is the contribution, or what cleared, wrote or updated.
    """

    step: str
    leaf: str
    what: str
    before: str
    change: str
    after: str
    line: str

    def sentence(self) -> str:
        """The row as a whole: "None + [3, 3] = [3, 3]"."""
        return f"{self.before} {self.change} {self.after}"


def row_text(timeline: Timeline, entry: LedgerEntry) -> LedgerText:
    """The cells of an entry."""
    recording = timeline.recording

    def value(number: int) -> str:
        return tensor_text(recording.value(number))

    before, after = value(entry.before), value(entry.after)
    step, leaf = f"{entry.step:,}", timeline.leaf_name(entry.leaf)
    line = short_place(recording, entry.file, entry.line)
    match entry.kind:
        case "accumulated":
            what = f"pass {pass_name(recording, entry.pass_id)}" if entry.pass_id != NONE else "pass"
            return LedgerText(step, leaf, what, before, f"+ {value(entry.contribution)}", f"= {after}", line)
        case "cleared":
            return LedgerText(step, leaf, "clear", before, call_text(entry.how, "cleared"), f"→ {after}", line)
        case "written":
            return LedgerText(step, leaf, "write", before, call_text(entry.how, "written"), f"→ {after}", line)
        case "updated":
            return LedgerText(step, leaf, "update", before, call_text(entry.how, "updated"), f"→ {after}", line)
        case _:
            assert_never(entry.kind)


def call_text(how: str, otherwise: str) -> str:
    """What did it, as a program writes it: "Tensor.zero_" is "zero_()", "SGD.step" "SGD.step()"."""
    if not how:
        return otherwise
    if not how.replace(".", "").replace("_", "").isalnum():
        return how
    return f"{how.removeprefix('torch.').removeprefix('Tensor.')}()"


def in_words(timeline: Timeline, entry: LedgerEntry) -> str:
    """The whole entry as one sentence, for tooltips and screen readers."""
    text = row_text(timeline, entry)
    what = f"{text.leaf}.grad" if entry.kind != "updated" else f"{text.leaf} itself"
    where = place_text(timeline.recording, entry.file, entry.line)
    return f"{what}, {text.what}{where and f', {where}'}: {text.sentence()} (step {text.step})"
