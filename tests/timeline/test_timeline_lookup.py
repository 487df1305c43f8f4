import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.timeline.lookup import Adjacency, EventLookup

SUBJECTS = st.lists(st.integers(0, 5), max_size=20)


def test_edges_of_several_nodes_come_node_by_node():
    edges = Adjacency(np.array([2, 0, 2, 5, 0], np.int32))
    assert edges.of_all(np.array([0, 2])).tolist() == [1, 4, 0, 2]
    assert edges.of_all(np.array([5, 1, 0])).tolist() == [3, 1, 4]
    assert edges.of_all(np.array([], np.int32)).tolist() == []
    assert edges.of_all(np.array([7])).tolist() == []


@given(SUBJECTS, st.lists(st.integers(0, 7), max_size=8), st.integers(-1, 25), st.integers(0, 12))
def test_the_last_events_of_many_subjects_are_those_of_each(subjects, asked, event, since):
    lookup = EventLookup(np.arange(len(subjects), dtype=np.int64), np.array(subjects, np.int32))
    together = lookup.last_of_each(np.array(asked, np.int64), event, since=since)
    assert together.tolist() == [lookup.last(subject, event, since=since) for subject in asked]
