"""The rule of a layer of an LSTM in one piece, as torch runs it on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown, base_name
from graphviz_app.explain.numeric import sigmoid
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


_MOST_STEPS = 128


class _Layer(NamedTuple):
    """A layer's input (steps, batch, features), weights and first state; the steps in the order in which it goes."""

    x: Array
    weight: Array
    recurrent: Array
    bias: Array
    hidden: Array
    cell: Array
    is_reversed: bool


def _layer_of(call: Call) -> _Layer:
    x, weight, recurrent = call.argument(0), call.argument(1), call.argument(2)
    bias = sum((_given_or(call, index, np.zeros(len(weight))) for index in (3, 4)), np.zeros(len(weight)))
    nodes = () if call.operation is None else call.operation.nodes
    name = call.recording.index.nodes.name
    layers = [node for node in nodes if base_name(name(node)) == base_name(call.name)]
    is_both_ways = call.parameter("#4") is True
    is_reversed = is_both_ways and layers.index(call.node) % 2 == 1
    state = np.zeros((x.shape[1], recurrent.shape[1]))
    hidden, cell = (_first_state(call, index, layers.index(call.node), state) for index in (0, 1))
    return _Layer(x[::-1] if is_reversed else x, weight, recurrent, bias, hidden, cell, is_reversed)


def _given_or(call: Call, index: int, default: Array) -> Array:
    try:
        return call.argument(index)
    except Unknown:
        return default


def _first_state(call: Call, index: int, layer: int, default: Array) -> Array:
    use = next(
        (each for each in (call.operation.inputs if call.operation else ()) if each.argument == f"1[{index}]"), None
    )
    if use is None:
        return default
    state = call.array(use.value)
    return state[layer] if state.ndim == 3 else state


def _step(layer: _Layer, x: Array, hidden: Array, cell: Array) -> tuple[Array, ...]:
    i, f, c, o = np.split(x @ layer.weight.T + hidden @ layer.recurrent.T + layer.bias, 4, -1)
    i, f, c, o = sigmoid(i), sigmoid(f), np.tanh(c), sigmoid(o)
    after = f * cell + i * c
    return i, f, c, o, after, o * np.tanh(after)


def _lstm_forward(call: Call, slot: int) -> Array:
    layer = _layer_of(call)
    if len(layer.x) > _MOST_STEPS:
        raise Unknown
    hidden, cell, results = layer.hidden, layer.cell, []
    for x in layer.x:
        *_, cell, hidden = _step(layer, x, hidden, cell)
        results.append(hidden)
    if slot:
        return (hidden, cell)[slot - 1].reshape(call.output_shape(slot))
    return np.stack(results[::-1] if layer.is_reversed else results)


def _lstm(call: Call, slot: int) -> Array:
    """Back through time: S. Hochreiter and J. Schmidhuber, "Long short-term memory" (1997), with forget gates."""
    call.is_guessed = True
    layer = _layer_of(call)
    if len(layer.x) > _MOST_STEPS:
        raise Unknown
    known = call.kept.get("lstm")
    if known is None:
        known = call.kept["lstm"] = _back_through_time(call, layer)
    return known[slot]


def _back_through_time(call: Call, layer: _Layer) -> tuple[Array, ...]:
    """What input, weights, biases and first states receive."""
    steps = _states(layer)
    of_y = call.grad(0) if call.grad_is_given(0) else np.zeros((len(layer.x), *layer.hidden.shape))
    of_y = of_y[::-1] if layer.is_reversed else of_y
    of_hidden, of_cell = (
        call.grad(index).reshape(layer.hidden.shape) if call.grad_is_given(index) else np.zeros(layer.hidden.shape)
        for index in (1, 2)
    )
    of_x, of_weight, of_recurrent = (
        np.zeros(layer.x.shape),
        np.zeros(layer.weight.shape),
        np.zeros(layer.recurrent.shape),
    )
    of_bias = np.zeros(layer.bias.shape)
    for step in reversed(range(len(layer.x))):
        before, (i, f, c, o, cell, _) = steps[step][0], steps[step][1]
        of_hidden = of_hidden + of_y[step]
        bent = np.tanh(cell)
        of_cell = of_cell + of_hidden * o * (1 - bent**2)
        gates = np.concatenate(
            [
                of_cell * c * i * (1 - i),
                of_cell * before[1] * f * (1 - f),
                of_cell * i * (1 - c**2),
                of_hidden * bent * o * (1 - o),
            ],
            -1,
        )
        of_x[step] = gates @ layer.weight
        of_weight += gates.T @ layer.x[step]
        of_recurrent += gates.T @ before[0]
        of_bias += gates.sum(0)
        of_hidden, of_cell = gates @ layer.recurrent, of_cell * f
    of_x = of_x[::-1] if layer.is_reversed else of_x
    return (of_x, of_weight, of_recurrent, of_bias, of_bias, of_hidden, of_cell)


def _states(layer: _Layer) -> list[tuple[tuple[Array, Array], tuple[Array, ...]]]:
    """Before and at each step."""
    hidden, cell = layer.hidden, layer.cell
    found: list[tuple[tuple[Array, Array], tuple[Array, ...]]] = []
    for x in layer.x:
        now = _step(layer, x, hidden, cell)
        found.append(((hidden, cell), now))
        cell, hidden = now[4], now[5]
    return found


RULES = (
    Rule(
        ("MkldnnRnnLayer",),
        r"\frac{\partial L}{\partial W} = \sum_t {\delta_t}^{\top} x_t, \qquad \frac{\partial L}{\partial U} = \sum_t "
        r"{\delta_t}^{\top} h_{t-1}, \qquad \frac{\partial L}{\partial b} = \sum_t \delta_t, \qquad "
        r"\frac{\partial L}{\partial x_t} = \delta_t W, \qquad \frac{\partial L}{\partial h_{t-1}} = \delta_t U",
        "A whole layer of an LSTM, all its steps in one node: the gradient goes back through time, from the last "
        "step to "
        "the first. δ is what arrives at the four gates of a step, through the step's result, and through the cell "
        "from "
        "the steps after it; the weights are the same at every step, so they receive the sum.",
        "derivatives.yaml: mkldnn_rnn_layer; Hochreiter and Schmidhuber (1997)",
        _lstm,
        forward=_lstm_forward,
        needs="its input, the weights, and what the gates did",
    ),
)
