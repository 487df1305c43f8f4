import numpy as np

from graphviz_app.timeline.lookup import Adjacency


def test_edges_of_several_nodes_come_node_by_node():
    edges = Adjacency(np.array([2, 0, 2, 5, 0], np.int32))
    assert edges.of_all(np.array([0, 2])).tolist() == [1, 4, 0, 2]
    assert edges.of_all(np.array([5, 1, 0])).tolist() == [3, 1, 4]
    assert edges.of_all(np.array([], np.int32)).tolist() == []
    assert edges.of_all(np.array([7])).tolist() == []
