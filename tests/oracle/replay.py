"""Adds up a recording's events, and says where the sums are not what torch got; knows nothing of how it was made."""

from __future__ import annotations

import json
import re

import numpy as np

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements


class Replay:
    """The state of every leaf and every slot, event by event.

    Attributes:
        grads: By leaf, the value number of its `.grad`, NONE for None.
        problems: Sentences about everything that does not add up.
        sums: How many fan-in sums were compared.
    """

    def __init__(self, recording):
        self._recording = recording
        self._edges = {}
        self._inputs = {}
        self._arrived = {}
        self._explained = set()
        self.grads = {}
        self.problems = []
        self.sums = 0
        for number in range(len(recording.index.events)):
            self._take(number, recording.event(number))

    def _take(self, number, event):
        match event:
            case ev.NodesMade():
                for edge in event.edges:
                    self._edges[edge.source, edge.source_slot] = (edge.target, edge.target_slot)
            case ev.BackwardStarted():
                self._inputs[event.pass_id] = event.inputs
                for root in event.roots:
                    if root.seed != ev.NONE:
                        self._send(event.pass_id, root.node, root.slot, root.seed)
            case ev.NodeCalled():
                self._called(number, event)
            case ev.GradAccumulated():
                self._leaf(number, event.leaf, event.before, event.after)
                self._accumulated(number, event)
            case ev.GradCleared() | ev.GradWritten():
                self._leaf(number, event.leaf, event.before, event.after)

    def _send(self, pass_id, node, slot, value):
        self._arrived.setdefault((pass_id, node, slot), []).append(value)

    def _called(self, number, event):
        # Several hooks may have changed it one after the other: what arrived is what the first was given.
        changed = {(change.direction, change.slot): change for change in reversed(event.hooks)}
        for slot, value in enumerate(event.grad_outputs):
            arrived = self._arrived.pop((event.pass_id, event.node, slot), [])
            change = changed.get(("grad_outputs", slot))
            self._compare(number, event, slot, arrived, change.before if change else value)
        for slot, value in enumerate(event.grad_inputs):
            if value != ev.NONE and (event.node, slot) in self._edges:
                self._send(event.pass_id, *self._edges[event.node, slot], value)

    def _compare(self, number, event, slot, arrived, value):
        if value == ev.NONE:
            if arrived:
                self.problems.append(f"event {number}: node {event.node} got None, though {arrived} arrived")
            return
        total = self._sum(arrived)
        wanted = self._array(value)
        if wanted is None or total is None:
            return
        self.sums += 1
        if total.shape != wanted.shape or bits(total) != bits(wanted):
            name = self._recording.index.nodes.name(event.node)
            self.problems.append(f"event {number}: slot {slot} of {name} got {wanted}, but {total} arrived")

    def _accumulated(self, number, event):
        values = [value for value in (event.before, event.contribution) if value != ev.NONE]
        total, after = self._sum(values), self._array(event.after)
        if total is not None and after is not None and bits(total) != bits(after):
            self.problems.append(f"event {number}: leaf {event.leaf}: {total} is not {after}")

    def _leaf(self, number, leaf, before, after):
        known = self.grads.get(leaf, ev.NONE)
        if known != before:
            one, two = self._array(known), self._array(before)
            if one is None or two is None or bits(one) != bits(two):
                self.problems.append(f"event {number}: leaf {leaf} had {one}, not {two}")
        self.grads[leaf] = after

    def _array(self, value):
        return None if value == ev.NONE else elements(self._recording.value(value))

    def _sum(self, values):
        arrays = [self._array(value) for value in values]
        if not arrays or any(array is None for array in arrays):
            return None
        total = arrays[0]
        with np.errstate(all="ignore"):
            for array in arrays[1:]:
                # torch adds 1 times the other, which tells where numbers are complex and not finite.
                total = total + (array * array.dtype.type(1) if array.dtype.kind == "c" else array)
        return total

    def grad_bytes(self, leaf):
        """The bytes of a leaf's `.grad` at the end; None where it is None or was not recorded whole."""
        array = self._array(self.grads.get(leaf, ev.NONE))
        return None if array is None else array.tobytes()


def bits(array):
    """The bytes of an array, with all NaNs alike: which sign a NaN has no arithmetic promises."""
    parts = array.reshape(-1).copy()
    if parts.dtype.kind == "c":
        parts = parts.view(parts.real.dtype)
    parts[parts != parts] = np.nan if parts.dtype.kind in "fV" else 0
    return parts.tobytes()


def is_the_same(recorded, plain):
    """A program did when recorded what it did without."""
    assert _same(recorded.stdout) == _same(plain.stdout)
    assert _same(recorded.stderr) == _same(plain.stderr)
    assert recorded.status == plain.status


def _same(text):
    """Addresses of objects and of threads differ from run to run, also without us."""
    # So do the times at which torch's profiler reports, to stderr, what it did or could not do.
    text = re.sub(r"USDT:.*\n", "", text)
    # What the driver is asked for is told to a profiler by the driver itself, copies of ours among it.
    text = re.sub(r"\('cuda\w+', \d+\)(, )?", "", text)
    # Whoever has used the GPU in one of the engine's threads before cuBLAS does has made its context there.
    text = re.sub(r".*no current CUDA context.*\n.*\n", "", text)
    text = re.sub(r"(ERROR|WARNING|INFO|STAGE):[-0-9]+ [:0-9]+ \d+:\d+", r"\1:", text)
    return re.sub(r"0x[0-9a-f]{6,}", "0x", re.sub(r"pid=\d+", "pid=", text))


def adds_up(recorded):
    """A program's recording holds all, and its sums are torch's to the bit."""
    recording = Recording.open(recorded.folder / "recording")
    replay = Replay(recording)
    assert replay.problems == []
    _grads_are_torchs(recorded.folder, replay)
    notices = [recording.event(number).text for number in recording.index.notices]
    assert [text for text in notices if "lost" in text] == []
    recording.close()


def _grads_are_torchs(folder, replay):
    if not (folder / "grads").exists():
        return
    for leaf, grad in json.loads((folder / "grads").read_text()).items():
        mine = replay.grads.get(int(leaf), ev.NONE)
        if grad is None:
            assert mine == ev.NONE, f"leaf {leaf}"
        elif replay.grad_bytes(int(leaf)) is not None:
            assert replay.grad_bytes(int(leaf)).hex() == grad, f"leaf {leaf}"
        else:
            assert mine != ev.NONE, f"leaf {leaf}"
