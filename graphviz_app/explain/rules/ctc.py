"""The rule of connectionist temporal classification, a loss of sequences of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


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
        ("CtcLoss",),
        r"\frac{\partial L}{\partial \ln p_{t,k}} = g \, (p_{t,k} - \sum_{s: \, l_s = k} \frac{\alpha_t(s) \, "
        r"\beta_t(s)}{p_{t,k} \, p(l)})",
        "What is predicted is compared with the share of all ways to say the labels that goes through a label at a "
        "step: α are the chances of what comes up to it, β of what comes from it on. torch gives the gradient that "
        "holds after a log softmax: that node then changes nothing more in it.",
        "derivatives.yaml: _ctc_loss; A. Graves and others (2006)",
        _ctc,
        needs="the log probabilities, the labels and the lengths",
    ),
)
