import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.timeline import Phase, Timeline
from graphviz_app.timeline.lookup import EventLookup
from tests.support_record import record_source
from tests.support_synthetic import Script, accumulation


@pytest.fixture(scope="module")
def timeline():
    return Timeline(accumulation(3).recording())


def values(timeline, number):
    return None if number == ev.NONE else elements(timeline.recording.value(number)).tolist()


def step_of(timeline, event_type, count=1):
    numbers = timeline.events_of(event_type)
    return timeline.step_of_event(int(numbers[count - 1]))


def test_definitions_are_no_steps(timeline):
    kinds = {type(timeline.event(step)) for step in range(1, timeline.step_count + 1)}
    assert kinds.isdisjoint({ev.SourceRead, ev.NodesMade, ev.LeafFound})
    assert timeline.event(0) is None


def test_each_backward_pass_has_a_chapter_and_the_end_belongs_to_the_last(timeline):
    assert [chapter.title for chapter in timeline.chapters] == ["Pass 1", "Pass 2", "Pass 3"]
    assert timeline.chapters[0].first_step == 0
    assert timeline.chapters[-1].last_step == timeline.step_count
    for before, after in zip(timeline.chapters, timeline.chapters[1:], strict=False):
        assert after.first_step == before.last_step + 1
    for step in range(timeline.step_count + 1):
        chapter = timeline.chapter_at(step)
        assert chapter.first_step <= step <= chapter.last_step


def test_grad_accumulates_over_passes(timeline):
    seen = [values(timeline, timeline.state(step).leaf_grad(0)) for step in range(timeline.step_count + 1)]
    assert seen[0] is None
    distinct = [row for row, before in zip(seen, [0, *seen], strict=False) if row != before]
    assert distinct == [None, [3.0] * 4, [6.0] * 4, [9.0] * 4]


def test_a_node_is_born_receives_runs_and_is_done(timeline):
    mul = 1
    phases = [timeline.state(step).node_phase(mul) for step in range(timeline.chapters[0].last_step + 1)]
    assert phases == sorted(phases)
    assert set(phases) == {Phase.UNBORN, Phase.BORN, Phase.RECEIVING, Phase.RUNNING, Phase.DONE}
    assert phases.count(Phase.RUNNING) == 1


def test_a_root_has_received_its_seed_when_the_pass_starts(timeline):
    state = timeline.state(step_of(timeline, ev.BackwardStarted))
    assert state.node_phase(0) == Phase.RECEIVING
    [(edge, seed)] = state.arrivals.of(0)
    assert edge == ev.NONE
    assert values(timeline, seed) == [1.0]


def test_edges_carry_what_the_node_above_sent(timeline):
    edge = 1
    steps = range(timeline.chapters[0].last_step + 1)
    seen = [values(timeline, timeline.state(step).contribution(edge)) for step in steps]
    carried = [bool(timeline.state(step).edges_carried(np.array([edge]))[0]) for step in steps]
    assert [row is not None for row in seen] == carried
    assert seen[-1] == [3.0] * 4


def test_nothing_of_an_earlier_pass_shows_in_a_later_one(timeline):
    first = timeline.state(timeline.chapters[1].first_step)
    assert first.call(1) is None
    assert first.node_phase(1) < Phase.RECEIVING or first.node_phase(1) == Phase.UNBORN


def test_the_running_line_of_a_node_is_that_of_its_operation(timeline):
    state = timeline.state(step_of(timeline, ev.NodeCalled))
    assert state.running
    assert state.span.line == 2
    assert timeline.state(timeline.step_count).span is None


def test_the_running_line_of_a_leafs_node_is_that_of_its_pass(timeline):
    state = timeline.state(step_of(timeline, ev.GradAccumulated) - 1)
    assert isinstance(state.event, ev.NodeCalled)
    assert state.span == state.backward.span


def test_console_holds_what_was_printed_by_then(timeline):
    assert timeline.state(0).printed() == []
    assert [event.text for event in timeline.state(timeline.step_count).printed()] == [
        "pass 0\n",
        "pass 1\n",
        "pass 2\n",
    ]
    assert [event.text for event in timeline.state(timeline.step_count).printed(2)] == ["pass 2\n"]


def test_ledger_lists_before_plus_contribution_is_after(timeline):
    rows = [
        tuple(values(timeline, number) for number in (entry.before, entry.contribution, entry.after))
        for entry in timeline.ledger.entries()
    ]
    assert rows == [
        (None, [3.0] * 4, [3.0] * 4),
        ([3.0] * 4, [3.0] * 4, [6.0] * 4),
        ([6.0] * 4, [3.0] * 4, [9.0] * 4),
    ]
    assert [entry.line for entry in timeline.ledger.of_leaf(0)] == [2, 2, 2]
    assert timeline.ledger.positions_of(0).tolist() == [0, 1, 2]
    assert len(list(timeline.ledger.accumulations(0))) == 3


def test_the_cursor_finds_the_next_and_the_last(timeline):
    first, second = step_of(timeline, ev.BackwardStarted, 1), step_of(timeline, ev.BackwardStarted, 2)
    assert timeline.next_pass(0) == first
    assert timeline.next_pass(first) == second
    assert timeline.previous_pass(second) == first
    assert timeline.previous_pass(first) is None
    assert timeline.next_pass(timeline.step_count) is None
    assert timeline.next_call_of(0, 1) == step_of(timeline, ev.NodeCalled, 2)
    assert timeline.next_call_of(timeline.step_count, 1) is None
    assert timeline.next_accumulation(0) == step_of(timeline, ev.GradAccumulated)
    assert timeline.next_step_on_line(0, 0, 2) == 1
    assert timeline.next_step_on_line(0, 0, 77) is None


def test_steps_out_of_range_are_an_error(timeline):
    for step in (-1, timeline.step_count + 1):
        with pytest.raises(IndexError):
            timeline.state(step)


def test_an_empty_recording_has_one_chapter_and_one_step():
    timeline = Timeline(Script().recording())
    assert timeline.step_count == 0
    assert [chapter.title for chapter in timeline.chapters] == ["No backward pass"]
    assert timeline.state(0).pass_id == ev.NONE


def test_a_graph_made_after_the_last_pass_has_a_chapter_of_its_own():
    script = accumulation(1)
    script.events.insert(-1, ev.NodesMade((ev.Node(3, "MulBackward0"),), ()))
    script.events.insert(-1, ev.OperationRan(2, "torch.Tensor.mul", nodes=(3,)))
    assert [chapter.title for chapter in Timeline(script.recording()).chapters] == ["Pass 1", "After the last pass"]


def test_a_pass_that_never_ended_runs_to_the_end():
    script = accumulation(1)
    script.events = [event for event in script.events if not isinstance(event, ev.BackwardFinished)]
    timeline = Timeline(script.recording())
    assert timeline.state(timeline.step_count).running


def test_a_nested_pass_belongs_to_the_chapter_of_its_parent():
    script = Script()
    one = script.value(1)
    script.add(
        ev.NodesMade((ev.Node(0, "A"), ev.Node(1, "B")), ()),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.BackwardStarted(1, parent=0, roots=(ev.Root(1, 0, one),)),
        ev.NodeCalled(1, 1, (one,), ()),
        ev.BackwardFinished(1),
        ev.NodeCalled(0, 0, (one,), ()),
        ev.BackwardFinished(0),
    )
    timeline = Timeline(script.recording())
    assert [timeline.state(step).pass_id for step in range(7)] == [-1, 0, 1, 1, 0, 0, 0]
    assert len(timeline.chapters) == 1
    assert timeline.chapter_of_pass(1).pass_id == 0


def test_fan_in_arrives_in_order_of_the_calls():
    script = Script()
    one, two = script.value(1), script.value(2)
    nodes = tuple(ev.Node(number, f"N{number}") for number in range(4))
    edges = (ev.Edge(0, 0, 1, 0), ev.Edge(0, 1, 2, 0), ev.Edge(1, 0, 3, 0), ev.Edge(2, 0, 3, 0))
    script.add(
        ev.NodesMade(nodes, edges),
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),)),
        ev.NodeCalled(0, 0, (one,), (one, two)),
        ev.NodeCalled(0, 2, (two,), (two,)),
        ev.NodeCalled(0, 1, (one,), (one,)),
    )
    timeline = Timeline(script.recording())
    assert timeline.state(3).arrivals.of(3) == [(3, two)]
    assert timeline.state(4).arrivals.of(3) == [(3, two), (2, one)]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_the_same_step_is_the_same_state_however_one_came_to_it(passes, jumps):
    recording = accumulation(passes).recording()
    wandering, fresh = Timeline(recording), Timeline(recording)
    nodes = np.arange(len(recording.index.nodes))
    for jump in jumps:
        step = jump % (wandering.step_count + 1)
        here, there = wandering.state(step), fresh.state(step)
        assert (here.node_phases(nodes) == there.node_phases(nodes)).all()
        assert here.leaf_grad(0) == there.leaf_grad(0)
        fresh = Timeline(recording)


@given(st.lists(st.integers(0, 6), max_size=30), st.lists(st.integers(-1, 8), max_size=10))
def test_the_events_of_many_subjects_are_those_of_each_of_them(subjects, wanted):
    lookup = EventLookup(np.arange(0, 2 * len(subjects), 2), np.array(subjects, np.int32))
    rows, numbers = lookup.of_each(np.array(wanted, np.int32))
    expected = [(row, number) for row, subject in enumerate(wanted) for number in lookup.of(subject).tolist()]
    assert list(zip(rows.tolist(), numbers.tolist(), strict=True)) == expected


def test_a_leaf_is_not_called_by_the_variable_of_a_loop_that_comes_later():
    source = "import torch\nnet = torch.nn.Linear(1, 1)\nfor p in net.parameters():\n    p.requires_grad_(False)\n"
    timeline = Timeline(record_source(source))
    made = [event for event in map(timeline.event, range(1, timeline.step_count)) if isinstance(event, ev.OperationRan)]
    names = [timeline.tensor_name(use.tensor) for event in made for use in event.outputs]
    assert {"net.weight", "net.bias"} <= set(names)
    assert "p" not in names


def test_a_node_of_several_results_has_the_names_of_all():
    source = "import torch\nw = torch.ones(4, requires_grad=True)\na, b = (w * 2).split(2)\n(a * b).sum().backward()\n"
    timeline = Timeline(record_source(source))
    nodes = timeline.recording.index.nodes
    (split,) = [node for node in range(len(nodes)) if nodes.name(node) == "SplitBackward0"]
    assert timeline.node_variable(split) == "a, b"
    assert [timeline.tensor_name(tensor) for tensor in timeline.node_tensors(split)] == ["a", "b"]
    assert timeline.tensor_name(int(nodes.tensor[split])) == "a"
