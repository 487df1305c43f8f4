"""The ledger as CSV and the graph as DOT, with hostile names too."""

import csv
import io

import numpy as np
import pygraphviz
import pytest
from drawing_samples import hostile_text
from hypothesis import given, settings

from graphviz_app.export.csv import csv_chunks, tensor_cell
from graphviz_app.export.dot import dot_text
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import TensorRecord, record_array
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_synthetic import Script, accumulation


def rows(recording):
    return list(csv.DictReader(io.StringIO("".join(csv_chunks(recording)))))


def test_the_table_has_a_line_for_each_accumulation():
    first, second = rows(accumulation().recording())
    assert (first["leaf"], first["event"], first["pass"], first["line"]) == ("w", "accumulated", "1", "2")
    assert (first["before"], first["after"]) == ("", "[3.0, 3.0, 3.0, 3.0]")
    assert (second["before"], second["contribution"]) == ("[3.0, 3.0, 3.0, 3.0]", "[3.0, 3.0, 3.0, 3.0]")


@pytest.mark.parametrize(
    ("array", "cell"),
    [
        (np.float32(0.5), "0.5"),
        (np.zeros((2, 2)), "[[0.0, 0.0], [0.0, 0.0]]"),
        (np.zeros((2, 0)), "[[], []]"),
        (np.zeros((0, 2)), "[]"),
        (np.array([np.nan]), '["nan"]'),
        (np.array([1], "int64"), "[1]"),
    ],
)
def test_tensors_are_written_as_nested_lists(array, cell):
    assert tensor_cell(record_array(np.asarray(array))) == cell


def test_a_tensor_too_large_to_write_is_summarised():
    assert tensor_cell(TensorRecord((1000, 10), "float32")) == "float32 [1000, 10]"


@settings(max_examples=50, deadline=None)
@given(hostile_text())
def test_no_name_becomes_a_formula_or_another_cell(name):
    script = Script()
    script.add(ev.LeafFound(0, 0, name.encode("utf-8", "replace").decode()), ev.GradCleared(0, ev.NONE, ev.NONE))
    (row,) = rows(script.recording())
    assert set(row) == {"step", "leaf", "event", "pass", "line", "how", "before", "contribution", "after"}
    assert not row["leaf"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["event"] == "cleared"


def test_a_line_of_another_file_has_that_files_name():
    script = Script()
    sources = (ev.SourceRead(0, "program.py", ""), ev.SourceRead(1, "parts/=model.py", ""))
    changes = [ev.GradCleared(0, ev.NONE, ev.NONE, ev.Span(file, 7)) for file in (0, 1)]
    script.add(*sources, ev.LeafFound(0, 0, "w"), *changes)
    assert [row["line"] for row in rows(script.recording())] == ["7", "'=model.py:7"]


def graph_of(recording, step=None):
    timeline = Timeline(recording)
    return pygraphviz.AGraph(string=dot_text(timeline, timeline.step_count if step is None else step, LIGHT))


def test_dot_holds_the_nodes_the_leaf_and_what_travelled():
    graph = graph_of(accumulation().recording())
    labels = [node.attr["label"] for node in graph.nodes()]
    assert any(label.startswith("MulBackward0") for label in labels)
    assert "w\\n.grad [6, 6, 6, 6]" in labels
    carried = {edge.attr["label"] for edge in graph.edges()}
    assert "[3, 3, 3, 3]" in carried


def test_before_the_pass_nothing_has_travelled():
    graph = graph_of(accumulation(passes=1).recording(), step=1)
    assert [edge.attr["label"] for edge in graph.edges()].count("[3, 3, 3, 3]") == 0


@settings(max_examples=30, deadline=None)
@given(hostile_text())
def test_no_name_breaks_the_graph(name):
    script = accumulation(passes=1)
    clean = name.encode("utf-8", "replace").decode()
    script.events.insert(1, ev.LeafFound(0, 0, clean))
    script.events.insert(2, ev.NameBound(1, clean))
    graph = graph_of(script.recording())
    assert len(graph.nodes()) == 4
    graph.layout(prog="dot")
