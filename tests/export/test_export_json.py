"""The JSON export: every key of version 1, and values that come back bit for bit."""

import json
import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from graphviz_app.export.json import json_chunks, json_document
from graphviz_app.export.json_values import json_tensor
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import Sample, Statistics, TensorRecord, record_array
from tests.support_record import record_source
from tests.support_synthetic import Script, accumulation

V = {"shape", "dtype", "device", "numel", "values", "min", "max", "mean", "norm", "zeros", "nans", "infs"}


@pytest.fixture(scope="module")
def document():
    return json_document(accumulation().recording("w = ..."))


def test_all_agreed_keys_are_there(document):
    assert document["format"] == "autograd-recording"
    assert document["version"] == 1
    assert document["program"] == {"path": "program.py", "source": "w = ..."}
    assert set(document["environment"]) == {"python", "torch", "graphviz_app", "seed"}
    for name, keys in {
        "nodes": {"id", "name", "leaf", "line", "variable", "module", "operation"},
        "edges": {"source", "source_slot", "target", "target_slot"},
        "operations": {"id", "name", "line", "module", "grad_mode", "nodes", "cut", "outputs"},
        "passes": {"index", "parent", "line", "create_graph", "retain_graph", "roots", "calls"},
        "ledger": {"leaf", "event", "pass", "line", "before", "contribution", "after"},
    }.items():
        assert document[name]
        assert all(keys <= set(item) for item in document[name]), name
    assert document["error"] is None
    assert document["output"] == "pass 0\npass 1\n"


def test_the_ledger_tells_of_both_accumulations(document):
    first, second = document["ledger"]
    assert (first["leaf"], first["event"], first["pass"], first["line"]) == ("w", "accumulated", 0, 2)
    assert first["before"] is None
    assert first["after"]["values"] == second["before"]["values"] == [3, 3, 3, 3]
    assert second["contribution"]["values"] == [3, 3, 3, 3]
    assert second["after"]["values"] == [6, 6, 6, 6]


def test_calls_stand_in_engine_order_with_what_came_in_and_went_out(document):
    names = {node["id"]: node["name"] for node in document["nodes"]}
    calls = document["passes"][1]["calls"]
    assert [names[call["node"]] for call in calls] == ["SumBackward0", "MulBackward0", "AccumulateGrad"]
    assert calls[1]["grad_inputs"][1] is None
    assert calls[2]["grad_inputs"] == []
    assert set(calls[0]["grad_outputs"][0]) == V
    assert document["passes"][0]["roots"][0]["seed"]["values"] == [1]


def test_nodes_know_their_leaf_line_and_operation(document):
    total, product, leaf = document["nodes"][:3]
    assert (total["line"], total["operation"], total["leaf"]) == (2, 1, None)
    assert (leaf["leaf"], leaf["variable"], leaf["line"], leaf["operation"]) == ("w", "w", None, None)
    assert product["name"] == "MulBackward0"


def test_a_line_in_another_file_is_given_apart_with_the_programs_own_line():
    script = Script()
    script.add(ev.SourceRead(0, "program.py", ""), ev.SourceRead(1, "layers.py", ""))
    inner, outer = ev.Span(1, 40), ev.Span(0, 7)
    stack = (ev.Frame(outer, "<module>"), ev.Frame(inner, "forward"))
    script.add(ev.OperationRan(0, "torch.relu", inner, stack))
    operation = json_document(script.recording())["operations"][0]
    assert operation["line"] == 7
    assert operation["at"] == {"file": "layers.py", "line": 40}


@pytest.mark.parametrize(
    ("cause", "cut"),
    [("inference_mode", "no_grad"), ("item", "detach"), ("new_tensor", "detach"), ("dtype", "dtype"), (None, None)],
)
def test_every_cause_of_a_cut_is_one_of_version_ones_and_given_precisely_too(cause, cut):
    script = Script()
    script.add(ev.OperationRan(0, "op", cut=cause))
    operation = json_document(script.recording())["operations"][0]
    assert (operation["cut"], operation["cause"]) == (cut, cause)


def test_a_program_that_raised_says_where_and_what():
    script = Script()
    script.add(ev.Raised("RuntimeError", "it broke", "A sentence.", ev.Span(0, 3)), ev.Finished("returned", 1))
    document = json_document(script.recording())
    assert document["error"].items() >= {"type": "RuntimeError", "message": "it broke", "line": 3}.items()
    assert document["ended"] == {"how": "returned", "status": 1}


def test_an_empty_recording_is_a_whole_document():
    document = json_document(Script().recording())
    assert document["nodes"] == document["passes"] == document["ledger"] == []
    assert document["output"] == ""


@given(npst.arrays(st.sampled_from(["float32", "float64", "float16"]), npst.array_shapes(min_dims=0, min_side=0)))
def test_floats_come_back_bit_for_bit(array):
    written = json.loads(json.dumps(json_tensor(record_array(array)), allow_nan=False))
    back = np.array([float(value) for value in written["values"]]).astype(array.dtype).reshape(written["shape"])
    finite_or_inf = ~np.isnan(array)
    assert np.array_equal(np.isnan(back), np.isnan(array))
    assert back[finite_or_inf].tobytes() == array[finite_or_inf].tobytes()


@pytest.mark.parametrize("dtype", ["int64", "uint64", "uint8", "bool"])
def test_integers_stay_integers(dtype):
    array = np.array([0, 1, 255 if dtype != "bool" else 1], dtype)
    assert json_tensor(record_array(array))["values"] == array.tolist()
    assert json.loads(json.dumps(json_tensor(record_array(np.array([2**63], "uint64")))))["values"] == [2**63]


def test_complex_numbers_are_pairs_and_what_json_lacks_are_strings():
    written = json_tensor(record_array(np.array([1 + 2j, complex(math.nan, -math.inf)], np.complex64)))
    assert written["values"] == [[1, 2], ["nan", "-inf"]]
    assert json_tensor(record_array(np.array([math.inf, -math.inf, math.nan])))["values"] == ["inf", "-inf", "nan"]


def test_bfloat16_is_widened_exactly():
    array = np.array([1.5, -3.0], ml_dtypes.bfloat16)
    assert json_tensor(TensorRecord((2,), "bfloat16", data=array.tobytes()))["values"] == [1.5, -3.0]


def test_values_that_are_not_complete_are_null_never_cut():
    figures = Statistics(-1.0, 2.0, 0.5, 1.0, 30.0, 5, 1, 2, 3)
    record = TensorRecord((100, 100), "float32", statistics=figures, sample=Sample((1,), (10000,), b"\0\0\0\0"))
    written = json_tensor(record)
    assert written["values"] is None
    assert (written["numel"], written["min"], written["infs"], written["nans"]) == (10000, -1.0, 5, 1)


def test_a_tensor_that_could_not_be_read_has_a_note_and_no_figures():
    written = json_tensor(TensorRecord((3,), "float32", note="inside vmap"))
    assert written["values"] is written["min"] is written["norm"] is None
    assert written["note"] == "inside vmap"


@given(st.text(st.characters(exclude_categories=())), st.text())
def test_no_name_or_print_breaks_the_file(text, name):
    script = Script()
    script.add(ev.LeafFound(0, 0, name), ev.GradCleared(0, ev.NONE, ev.NONE, how=name))
    # A recording cannot hold a lone surrogate: msgpack is UTF-8.
    clean = text.encode("utf-8", "replace").decode()
    script.add(ev.Printed("stdout", clean))
    text_of_file = "".join(json_chunks(script.recording()))
    text_of_file.encode("ascii")
    assert json.loads(text_of_file)["output"] == clean


def test_a_hook_that_changed_a_gradient_is_told_with_before_and_after():
    script = accumulation(passes=1)
    call = next(index for index, event in enumerate(script.events) if isinstance(event, ev.NodeCalled))
    one, ones = script.events[call].grad_outputs[0], script.events[call].grad_inputs[0]
    hook = ev.HookChange("grad_outputs", 0, ones, one, "clip", ev.Span(0, 9))
    script.events[call] = ev.NodeCalled(0, 0, (one,), (ones,), (hook,))
    first, *rest = json_document(script.recording())["passes"][0]["calls"]
    (told,) = first["hooks"]
    assert (told["hook"], told["direction"], told["slot"], told["line"]) == ("clip", "grad_outputs", 0, 9)
    assert (told["before"]["values"], told["after"]["values"]) == ([1, 1, 1, 1], [1])
    assert all("hooks" not in call for call in rest)


LOOPS = """import torch
w = torch.ones(2, requires_grad=True)

def scaled(x, times):
    for _ in range(times):
        x = x * w
    return x

for epoch in range(2):
    for batch in range(3):
        loss = scaled(torch.ones(2), 2).sum()
    loss.backward()
"""


def test_operations_say_where_they_stand_in_calls_and_loops():
    document = json_document(record_source(LOOPS))
    products = [one for one in document["operations"] if one["name"] == "torch.Tensor.mul"]
    assert len(products) == 12
    expected = [[epoch, batch, time] for epoch in (1, 2) for batch in (1, 2, 3) for time in (1, 2)]
    assert [[one["number"] for one in product["iterations"]] for product in products] == expected
    assert [one["line"] for one in products[0]["iterations"]] == [9, 10, 5]
    assert products[0]["stack"] == [{"function": "<module>", "line": 11}, {"function": "scaled", "line": 6}]
    assert products[0]["line"] == 6
    assert products[0]["columns"] == {"start": 12, "end_line": 6, "end": 17}
    sums = [one for one in document["operations"] if one["name"] == "torch.Tensor.sum"]
    assert [[one["number"] for one in total["iterations"]] for total in sums] == [
        [epoch, batch] for epoch in (1, 2) for batch in (1, 2, 3)
    ]
