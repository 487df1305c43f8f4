"""How every box and every link looks at a step: one byte each, computed for all of them at once."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.graph.attributes import values_of
from graphviz_app.recording import events as ev
from graphviz_app.scene.passes import NEVER, start_of_pass
from graphviz_app.timeline import Phase

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.scene.flow import LinkStates
    from graphviz_app.timeline import StepState, Timeline

    States = npt.NDArray[np.uint8]
    Numbers = npt.NDArray[np.int64]


class Look(IntEnum):
    """The lowest three bits of a box's state; the first five are the timeline's phases."""

    UNBORN = 0
    BORN = 1
    RECEIVING = 2
    RUNNING = 3
    DONE = 4
    MADE = 5


class BoxFlag(IntFlag):
    """The other bits of a box's state: NaN or Inf has gone in or out; and a colour bucket from bit 4 on."""

    ODD = 8


class LinkFlag(IntFlag):
    """The bits of a link's state."""

    CARRIED = 1
    NONE = 2
    MOVING = 4
    ODD = 8
    UNBORN = 16
    CUT = 32


LOOK_MASK = 7
TINT_SHIFT = 4


class StateTable:
    """Everything step-free that box and link states are computed from."""

    def __init__(self, timeline: Timeline, visible: VisibleGraph) -> None:
        self._visible = visible
        self._timeline = timeline
        count = len(visible.boxes)
        nodes: list[int] = []
        owners: list[int] = []
        self.birth = np.full(count, -1, np.int64)
        self.leaf_box: dict[int, int] = {}
        self.operation_box: dict[int, int] = {}
        self.root_start = np.full(count, NEVER, np.int64)
        for number, box in enumerate(visible.boxes):
            numbers = [key for key in box.keys if isinstance(key, int)]
            nodes += numbers
            owners += [number] * len(numbers)
            if box.kind == "leaf":
                self.leaf_box[box.leaf] = number
            elif box.kind == "root":
                self.root_start[number] = start_of_pass(timeline.recording, visible.graph.nodes[box.keys[0]]["pass_id"])
            elif box.kind == "operation":
                self._add_operation(number, visible.graph.nodes[box.keys[0]])
        self._nodes = np.array(nodes, np.int64)
        self._owners = np.array(owners, np.int64)
        self._sizes = np.bincount(self._owners, minlength=count) if count else np.zeros(0, np.int64)
        self._kinds = np.array([box.kind for box in visible.boxes], dtype="U9")
        self._sources = np.array([link.source for link in visible.links], np.int64)
        self._targets = np.array([link.target for link in visible.links], np.int64)
        self._cuts = np.array([link.kind == "cut" for link in visible.links], np.bool_)
        self._leaf_birth = self._births_of_leaves()
        # What happens to a leaf in a closed group happens in the group, as far as one can see.
        self._happens_in = {
            leaf: visible.box_of[key]
            for attribute in ("retained_leaf", "leaf")
            for key, leaf in values_of(visible.graph, attribute, ev.NONE)
            if leaf != ev.NONE
        }
        self._leaf_of_tensor = {each.tensor: each.leaf for each in timeline.recording.leaves}
        self._reference_links = self._links_of_references()
        referred = [visible.box_of[key] for key, boxes in visible.references.items() for _ in boxes]
        self._referred = np.array(referred, np.int64)

    def boxes(self, state: StepState, links: LinkStates) -> States:
        """The state of every box."""
        given = self._given(links)
        looks = self._looks(state.node_phases(self._nodes), given)
        now = state.event_number
        looks[self._kinds == "tensor"] = Look.BORN
        roots = self._kinds == "root"
        looks[roots & (self.root_start <= now)] = Look.DONE
        operations = self._kinds == "operation"
        looks[operations & (self.birth <= now)] = Look.BORN
        looks[(looks == Look.UNBORN) & (self._leaf_birth <= now)] = Look.BORN
        boxes, numbers = self._reference_links
        unborn = looks[self._sources[numbers]] == Look.UNBORN
        looks[boxes] = np.where(unborn, Look.UNBORN, np.where(given[boxes], Look.DONE, Look.BORN))
        self._light(looks, state)
        odd = self._touched(links.odd)
        return looks | np.where(odd, np.uint8(BoxFlag.ODD), np.uint8(0))

    def links(self, states: LinkStates, boxes: States) -> States:
        """The state of every link."""
        looks = boxes & LOOK_MASK
        unborn = (looks[self._sources] == Look.UNBORN) | (looks[self._targets] == Look.UNBORN)
        flags = (
            (states.carried, LinkFlag.CARRIED),
            (states.none, LinkFlag.NONE),
            (states.moving, LinkFlag.MOVING),
            (states.odd, LinkFlag.ODD),
            (unborn, LinkFlag.UNBORN),
            (self._cuts, LinkFlag.CUT),
        )
        result = np.zeros(len(self._sources), np.uint8)
        for which, flag in flags:
            result[which] |= np.uint8(flag)
        return result

    def _looks(self, phases: npt.NDArray[np.uint8], given: npt.NDArray[np.bool_]) -> States:
        """One look for each box, of the phases of its nodes: a group runs while one of its nodes does.

        The phases know of the calls alone: what was sent None by all of them receives nothing.
        """
        count = len(self._sizes)
        totals = [
            np.bincount(self._owners, weights=phases == phase, minlength=count)
            for phase in (Phase.UNBORN, Phase.RECEIVING, Phase.RUNNING, Phase.DONE)
        ]
        unborn, receiving, running, done = totals
        looks = np.full(count, Look.BORN, np.uint8)
        looks[unborn >= self._sizes] = Look.UNBORN
        looks[((receiving > 0) & given) | (done > 0)] = Look.RECEIVING
        looks[(done >= self._sizes) & (self._sizes > 0)] = Look.DONE
        looks[running > 0] = Look.RUNNING
        return looks

    def _light(self, looks: States, state: StepState) -> None:
        """Light the boxes that the step itself is about."""
        event = state.event
        if isinstance(event, ev.GradAccumulated | ev.GradCleared | ev.GradWritten | ev.LeafUpdated | ev.TensorMutated):
            of_tensor = isinstance(event, ev.TensorMutated)
            leaf = self._leaf_of_tensor.get(event.tensor, ev.NONE) if of_tensor else event.leaf
            if leaf in self._happens_in and looks[self._happens_in[leaf]] != Look.UNBORN:
                looks[self._happens_in[leaf]] = Look.RUNNING
        elif isinstance(event, ev.BackwardStarted):
            looks[self.root_start == state.event_number] = Look.RUNNING
        elif isinstance(event, ev.OperationRan):
            made = [self._visible.box_of[node] for node in event.nodes if node in self._visible.box_of]
            looks[made] = Look.MADE
            if event.operation in self.operation_box:
                looks[self.operation_box[event.operation]] = Look.MADE

    def _given(self, links: LinkStates) -> npt.NDArray[np.bool_]:
        """Of every box whether a gradient has come to it; to a leaf also where one more use of it is drawn."""
        given = np.zeros(len(self._sizes), np.bool_)
        given[self._targets[links.carried & ~links.none]] = True
        boxes, _ = self._reference_links
        given[self._referred[given[boxes]]] = True
        return given

    def _touched(self, links: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        touched = np.zeros(len(self._sizes), np.bool_)
        touched[self._sources[links]] = True
        touched[self._targets[links]] = True
        return touched

    def _add_operation(self, number: int, attributes: dict[str, Any]) -> None:
        operation = attributes["operation"]
        self.operation_box[operation] = number
        self.birth[number] = int(self._timeline.recording.index.operation_events[operation])

    def _births_of_leaves(self) -> Numbers:
        births = np.full(len(self._sizes), NEVER, np.int64)
        found = {summary.leaf: summary.event for summary in self._timeline.recording.leaves}
        for leaf, number in self.leaf_box.items():
            if leaf in found:
                births[number] = found[leaf]
        return births

    def _links_of_references(self) -> tuple[Numbers, Numbers]:
        boxes = [number for numbers in self._visible.references.values() for number in numbers]
        links = {link.target: number for number, link in enumerate(self._visible.links)}
        return np.array(boxes, np.int64), np.array([links[box] for box in boxes], np.int64)
