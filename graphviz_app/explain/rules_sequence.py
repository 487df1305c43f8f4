"""Rules of sequences: packed ones, bags of embeddings, recurrent layers in one piece, and the CTC loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown, base_name
from graphviz_app.explain.numeric import close, sigmoid
from graphviz_app.explain.rule import Rule
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

X = r"\frac{\partial L}{\partial x}"


def _unpacked(call: Call, slot: int) -> Array:
    """Each step's rows back to where they were; what was padding receives 0."""
    g, shape = call.grad(), call.shape(slot)
    lengths = call.named_array("1", "lengths").astype(int)
    is_batch_first = call.parameter("batch_first", "#0")
    result = np.zeros(shape)
    steps = np.swapaxes(result, 0, 1) if is_batch_first else result
    start = 0
    for step in range(int(lengths.max(initial=0))):
        count = int((lengths > step).sum())
        steps[step, :count] = g[start : start + count]
        start += count
    if start != len(g):
        raise Unknown
    return result


class _Bag(NamedTuple):
    """Which rows of the table were looked up, and in which bag each of them lies."""

    rows: Array
    bags: Array
    count: int


def _bag_of(call: Call) -> _Bag:
    rows = call.named_array("0", "input")
    if rows.ndim == 2:
        return _Bag(rows.reshape(-1), np.repeat(np.arange(len(rows)), rows.shape[1]), len(rows))
    starts, count = call.named_array("2", "offsets"), call.output_shape()[0]
    return _Bag(rows, np.searchsorted(starts[:count], np.arange(len(rows)), side="right") - 1, count)


def _bagged(table: Array, bag: _Bag, counted: Array, mode: str) -> Array:
    """What a bag of each kind makes of a table."""
    picked = table[bag.rows] * counted[:, None]
    result = np.zeros((bag.count, table.shape[1]))
    if mode == "max":
        for number in range(bag.count):
            mine = table[bag.rows[(bag.bags == number) & (counted != 0)]]
            result[number] = mine.max(0) if len(mine) else 0.0
        return result
    np.add.at(result, bag.bags, picked)
    return result / _sizes(bag, counted)[:, None] if mode == "mean" else result


def _sizes(bag: _Bag, counted: Array) -> Array:
    return np.maximum(np.bincount(bag.bags, counted != 0, bag.count), 1)


def _ways(call: Call, bag: _Bag, weights: Array | None) -> Iterator[tuple[str, Array]]:
    """How the bags may have been made, and how much each row counts: the result shows it."""
    table, y = call.argument(0) if call.named("1", "weight") is None else call.named_array("1", "weight"), call.output()
    plain = np.ones(len(bag.rows)) if weights is None else weights.reshape(-1)
    for padding in (None, *np.unique(bag.rows).tolist()):
        counted = plain if padding is None else np.where(bag.rows == padding, 0.0, plain)
        for mode in ("mean", "sum", "max"):
            if close(_bagged(table, bag, counted, mode), y):
                yield mode, counted


def _embedding_bag(call: Call, slot: int) -> Array:
    bag, g = _bag_of(call), call.grad()
    weights = call.named("per_sample_weights")
    known = None if weights is None else call.array(weights.value)
    table = call.named_array("1", "weight")
    call.is_guessed = True
    found: list[Array] = []
    for mode, counted in _ways(call, bag, known):
        if slot == 1:
            scores = (table[bag.rows] * g[bag.bags]).sum(-1)
            found.append(scores.reshape(call.shape(1)))
            continue
        result = np.zeros(table.shape)
        if mode == "max":
            _give_to_largest(result, table, bag, counted, g)
        else:
            share = counted / _sizes(bag, counted)[bag.bags] if mode == "mean" else counted
            np.add.at(result, bag.rows, g[bag.bags] * share[:, None])
        found.append(result)
    return call.nearest(slot, found)


def _give_to_largest(result: Array, table: Array, bag: _Bag, counted: Array, g: Array) -> None:
    columns = np.arange(table.shape[1])
    for number in range(bag.count):
        mine = bag.rows[(bag.bags == number) & (counted != 0)]
        if len(mine):
            np.add.at(result, (mine[table[mine].argmax(0)], columns), g[number])


# -- a layer of an LSTM in one piece ------------------------------------------------------------------


class _Layer(NamedTuple):
    """A layer's input (steps, batch, features), weights and first state; the steps in the order in which it takes them."""

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
    use = next((each for each in (call.operation.inputs if call.operation else ()) if each.argument == f"1[{index}]"), None)
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
    steps = _states(layer)
    of_y = call.grad(0) if call.grad_is_given(0) else np.zeros((len(layer.x), *layer.hidden.shape))
    of_y = of_y[::-1] if layer.is_reversed else of_y
    of_hidden, of_cell = (
        call.grad(index).reshape(layer.hidden.shape) if call.grad_is_given(index) else np.zeros(layer.hidden.shape)
        for index in (1, 2)
    )
    of_x, of_weight, of_recurrent = np.zeros(layer.x.shape), np.zeros(layer.weight.shape), np.zeros(layer.recurrent.shape)
    of_bias = np.zeros(layer.bias.shape)
    for step in reversed(range(len(layer.x))):
        before, (i, f, c, o, cell, _) = steps[step][0], steps[step][1]
        of_hidden = of_hidden + of_y[step]
        bent = np.tanh(cell)
        of_cell = of_cell + of_hidden * o * (1 - bent**2)
        gates = np.concatenate(
            [of_cell * c * i * (1 - i), of_cell * before[1] * f * (1 - f), of_cell * i * (1 - c**2), of_hidden * bent * o * (1 - o)],
            -1,
        )
        of_x[step] = gates @ layer.weight
        of_weight += gates.T @ layer.x[step]
        of_recurrent += gates.T @ before[0]
        of_bias += gates.sum(0)
        of_hidden, of_cell = gates @ layer.recurrent, of_cell * f
    of_x = of_x[::-1] if layer.is_reversed else of_x
    return (of_x, of_weight, of_recurrent, of_bias, of_bias, of_hidden, of_cell)[slot]


def _states(layer: _Layer) -> list[tuple[tuple[Array, Array], tuple[Array, ...]]]:
    """Before and at each step."""
    hidden, cell = layer.hidden, layer.cell
    found: list[tuple[tuple[Array, Array], tuple[Array, ...]]] = []
    for x in layer.x:
        now = _step(layer, x, hidden, cell)
        found.append(((hidden, cell), now))
        cell, hidden = now[4], now[5]
    return found


# -- connectionist temporal classification ------------------------------------------------------------


def _ctc(call: Call, slot: int) -> Array:
    """A. Graves and others, "Connectionist temporal classification" (2006), equations 6 to 16.

    As torch has it: for log probabilities that come of a log softmax, whose own rule then changes nothing more.
    """
    if slot != 0:
        raise Unknown
    log_p, g = call.named_array("0", "log_probs"), np.atleast_1d(call.grad())
    is_single = log_p.ndim == 2
    log_p = log_p[:, None] if is_single else log_p
    lengths = [_lengths(call, *names) for names in (("2", "input_lengths", "#0"), ("3", "target_lengths", "#1"))]
    targets = call.named_array("1", "targets")
    blank = int(call.parameter_or(0, "blank"))
    starts = np.concatenate([[0], np.cumsum(lengths[1])])
    result = np.zeros(log_p.shape)
    for number in range(log_p.shape[1]):
        length, count = int(lengths[0][number]), int(lengths[1][number])
        labels = targets[number][:count] if targets.ndim == 2 else targets[starts[number] : starts[number] + count]
        shares, loss = _paths(log_p[:length, number], labels, blank)
        if np.isfinite(loss):
            result[:length, number] = g[number] * (np.exp(log_p[:length, number]) - shares)
        elif call.parameter("zero_infinity") is not True:
            raise Unknown
    return result[:, 0] if is_single else result


def _lengths(call: Call, *names: str) -> Array:
    use = call.named(*names[:2])
    if use is not None:
        return np.atleast_1d(call.array(use.value))
    given = call.parameter(*names[1:])
    return np.atleast_1d(np.asarray(given))


def _paths(log_p: Array, labels: Array, blank: int) -> tuple[Array, float]:
    """For each step and label: which part of all ways to say the labels goes through it; and the loss."""
    spelled = np.full(2 * len(labels) + 1, blank)
    spelled[1::2] = labels
    may_skip = np.zeros(len(spelled), np.bool_)
    may_skip[2:] = (spelled[2:] != blank) & (spelled[2:] != spelled[:-2])
    steps = log_p[:, spelled]
    ahead = _ahead(steps, may_skip)
    skipped_back = np.zeros(len(spelled), np.bool_)
    skipped_back[:-2] = may_skip[2:]
    behind = _ahead(steps[::-1, ::-1], skipped_back[::-1])[::-1, ::-1]
    total = np.logaddexp.reduce(ahead[-1, -2:])
    through = np.exp(ahead + behind - steps - total)
    shares = np.zeros(log_p.shape)
    for place, label in enumerate(spelled):
        shares[:, label] += through[:, place]
    return shares, float(-total)


def _ahead(steps: Array, may_skip: Array) -> Array:
    """The logarithm of all ways that lead to each place at each step, with that step."""
    found = np.full(steps.shape, -np.inf)
    found[0, :2] = steps[0, :2]
    for step in range(1, len(steps)):
        last = found[step - 1]
        one, two = np.full(last.shape, -np.inf), np.full(last.shape, -np.inf)
        one[1:], two[2:] = last[:-1], last[:-2]
        ways = np.logaddexp(np.logaddexp(last, one), np.where(may_skip, two, -np.inf))
        found[step] = steps[step] + ways
    return found


RULES = (
    Rule(
        ("PackPaddedSequence",),
        rf"{X}_{{t,n}} = g_{{packed(t,n)}}, \qquad 0 \; \mathrm{{where \; padded}}",
        "The sequences were laid one behind the other, step by step, without their padding: each gradient goes back to "
        "its step and sequence, and the padding receives 0.",
        "derivatives.yaml: _pack_padded_sequence",
        _unpacked,
        needs="how many sequences there are at each step",
    ),
    Rule(
        ("EmbeddingBag",),
        r"\frac{\partial L}{\partial W}[i] \leftarrow \frac{\partial L}{\partial W}[i] + \frac{w_i \, g}{n}",
        "Each looked-up row of the table receives the gradient of its bag: its share of a mean, all of a sum, and of a "
        "maximum only where it was the largest. n is the number of rows in a bag for a mean, and 1 for a sum.",
        "derivatives.yaml: _embedding_bag",
        _embedding_bag,
        needs="the indices",
    ),
    Rule(
        ("MkldnnRnnLayer",),
        r"\frac{\partial L}{\partial W} = \sum_t {\delta_t}^{\top} x_t, \quad \frac{\partial L}{\partial U} = \sum_t "
        r"{\delta_t}^{\top} h_{t-1}, \quad \frac{\partial L}{\partial b} = \sum_t \delta_t, \quad "
        r"\frac{\partial L}{\partial x_t} = \delta_t W, \quad \frac{\partial L}{\partial h_{t-1}} = \delta_t U",
        "A whole layer of an LSTM, all its steps in one node: the gradient goes back through time, from the last step to "
        "the first. δ is what arrives at the four gates of a step, through the step's result, and through the cell from "
        "the steps after it; the weights are the same at every step, so they receive the sum.",
        "derivatives.yaml: mkldnn_rnn_layer; Hochreiter and Schmidhuber (1997)",
        _lstm,
        forward=_lstm_forward,
        needs="its input, the weights, and what the gates did",
    ),
    Rule(
        ("CtcLoss",),
        r"\frac{\partial L}{\partial \ln p_{t,k}} = g \left(p_{t,k} - \sum_{s: \, l_s = k} \frac{\alpha_t(s) \, "
        r"\beta_t(s)}{p_{t,k} \, p(l)}\right)",
        "What is predicted is compared with the share of all ways to say the labels that goes through a label at a step. "
        "torch gives the gradient that holds after a log softmax: that node then changes nothing more in it.",
        "derivatives.yaml: _ctc_loss; A. Graves and others (2006)",
        _ctc,
        needs="the log probabilities, the labels and the lengths",
    ),
)
