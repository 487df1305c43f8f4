"""Rules of losses, softmax and normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close, sigmoid, softmax
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def softmax_dim(call: Call, x: Array, y: Array | None) -> int:
    """Along which dimension a softmax went."""
    given = call.parameter_or(None, "dim", "#0")
    if isinstance(given, int) and not isinstance(given, bool):
        return given % x.ndim
    if y is not None:
        for dim in range(x.ndim):
            if close(softmax(x, dim), y):
                return dim
    # cross_entropy: classes are the second dimension, or the only one.
    return 0 if x.ndim == 1 else 1


def _softmax(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    g, y = call.grad(), call.output()
    dim = softmax_dim(call, call.argument(0), y)
    return y * (g - (g * y).sum(axis=dim, keepdims=True))


def _log_softmax(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, x = call.grad(), call.argument(0)
    dim = log_softmax_dim(call, x)
    return g - softmax(x, dim) * g.sum(axis=dim, keepdims=True)


def log_softmax_dim(call: Call, x: Array) -> int:
    """Along which dimension a logarithm of a softmax went."""
    if not call.is_direct:
        raise Unknown
    if not call.is_only_node:
        return 0 if x.ndim == 1 else 1
    return softmax_dim(call, x, np.exp(call.output()))


def _log_softmax_forward(call: Call, slot: int) -> Array:  # noqa: ARG001
    x = call.argument(0)
    return np.log(softmax(x, log_softmax_dim(call, x)))


def _reduction(call: Call) -> str:
    if call.called is not None and call.array(call.called.grad_outputs[0]).ndim > 0:
        return "none"
    given = call.parameter_or(None, "reduction")
    if given is None and call.parameters_were_cut:
        raise Unknown
    return given or "mean"


def is_mean(call: Call) -> bool:
    """Whether a loss is averaged."""
    return _reduction(call) == "mean"


def _nll(call: Call, slot: int) -> Array:
    return call.nearest(slot, nll_shares(call, call.grad()))


def nll_shares(call: Call, g: Array) -> list[Array]:
    """What the log probabilities receive of a gradient; several where it is not known whether the loss is a mean.

    Of a loss that is averaged each example counts as much as its class weighs. Classes are the second dimension, or the
    only one.
    """
    target = call.named_array("1", "target")
    shape = call.shape(0)
    weight = call.named("weight", "2")
    if target.dtype.kind == "f":
        # They are probabilities, and this is some other loss.
        raise Unknown
    whole = shape if len(shape) > 1 else (1, *shape)
    weights = np.ones(whole[1]) if weight is None else call.array(weight.value)
    target = target.reshape(whole[0], *whole[2:])
    kept = target != call.parameter_or(-100, "ignore_index")
    places = np.where(kept, target, 0)
    weighed = np.where(kept, weights[places], 0.0)
    found: list[Array] = []
    for is_averaged in mean_ways(call):
        result = np.zeros(whole)
        total = weighed.sum() if is_averaged else 1.0
        share = g.reshape(target.shape) if g.ndim and len(shape) > 1 else g
        np.put_along_axis(result, places[:, None], (-share * weighed / (total or 1.0))[:, None], 1)
        found.append(result.reshape(shape))
    return found


def mean_ways(call: Call) -> tuple[bool, ...]:
    """Whether the loss is a mean; both where the program's call was longer than what was recorded of it."""
    if not call.parameters_were_cut:
        return (_reduction(call) == "mean",)
    return (False,) if call.output_shape() else (True, False)


def _loss(derivative: Callable[[Array, Array], Array]) -> Callable[[Call, int], Array]:
    """Losses of prediction and target, element by element and then reduced; the target's gradient is the opposite."""

    def gradient(call: Call, slot: int) -> Array:
        prediction, target, g = call.argument(0), call.argument(1), call.grad()
        if prediction.shape != target.shape:
            raise Unknown
        share = g / max(prediction.size, 1) if _reduction(call) == "mean" else g
        return share * derivative(prediction, target) * (1.0 if slot == 0 else -1.0)

    return gradient


def _weighed(call: Call, slot: int, name: str, position: str = "") -> Array:
    """What each loss of a cross entropy is multiplied with."""
    if slot != 0:
        raise Unknown
    weight = call.named(name, position) if position else call.named(name)
    return np.ones(()) if weight is None else call.array(weight.value)


def _cross_entropy_of_probabilities(call: Call, slot: int) -> Array:
    weight = _weighed(call, slot, "weight", "2")
    return _loss(lambda x, t: weight * (x - t) / np.maximum(x * (1 - x), 1e-12))(call, slot)


def _cross_entropy_of_logits(call: Call, slot: int) -> Array:
    weight, positive = _weighed(call, slot, "weight", "2"), _weighed(call, slot, "pos_weight")
    return _loss(lambda x, t: weight * ((1 - t + positive * t) * sigmoid(x) - positive * t))(call, slot)


def _smooth_l1(call: Call, slot: int) -> Array:
    beta = float(call.parameter_or(1.0, "beta"))
    return _loss(lambda x, t: np.where(np.abs(x - t) < beta, (x - t) / beta, np.sign(x - t)))(call, slot)


def _huber(call: Call, slot: int) -> Array:
    delta = float(call.parameter_or(1.0, "delta", "#1"))
    return _loss(lambda x, t: np.clip(x - t, -delta, delta))(call, slot)


def normalised(x: Array, dims: tuple[int, ...], epsilon: float) -> tuple[Array, Array]:
    """What was normalised over some dimensions, and its deviation."""
    deviation = np.sqrt(x.var(axis=dims, keepdims=True) + epsilon)
    return (x - x.mean(axis=dims, keepdims=True)) / deviation, deviation


def through_normalisation(g: Array, x: Array, dims: tuple[int, ...], epsilon: float) -> Array:
    """What x receives of a gradient of what was normalised."""
    normal, deviation = normalised(x, dims, epsilon)
    mean = g.mean(axis=dims, keepdims=True)
    return (g - mean - normal * (g * normal).mean(axis=dims, keepdims=True)) / deviation


def epsilon_of(call: Call, position: str) -> float:
    """What is added to a variance; the usual number where the call was too long to be recorded whole."""
    if call.parameters_were_cut:
        call.is_guessed = True
        return float(call.parameter_inside_or(1e-5, "eps", position))
    return float(call.parameter_or(1e-5, "eps", position))


def _refuse_statistics(call: Call) -> None:
    """Mean and deviation, which torch's own functions give beside the result, may have gradients as well."""
    if call.grad_is_given(1) or call.grad_is_given(2):
        raise Unknown


def _layer_norm(call: Call, slot: int) -> Array:
    _refuse_statistics(call)
    x, dims, epsilon, weight = layer_norm_of(call)
    g, rest = call.grad(), tuple(dim for dim in range(x.ndim) if dim not in dims)
    if slot == 2:
        return g.sum(axis=rest)
    if slot == 1:
        return (g * normalised(x, dims, epsilon)[0]).sum(axis=rest)
    return through_normalisation(g * (1.0 if weight is None else weight), x, dims, epsilon)


def layer_norm_of(call: Call) -> tuple[Array, tuple[int, ...], float, Array | None]:
    """What a layer norm took: its input, over which dimensions it went, epsilon, and its weight.

    Raises:
        Unknown: If the recording does not tell.
    """
    x = call.named_array("0", "input")
    weight, bias = call.named("weight", "2"), call.named("bias", "3")
    width = weight or bias
    count = 1 if width is None else len(call.array(width.value).shape)
    if width is None and call.operation is not None and x.ndim > 2:
        # Over how many dimensions it went stands in a tuple that only the result can confirm.
        count = next((n for n in range(1, x.ndim + 1) if _is_layer_norm(x, call.output(), n)), 1)
    # By position it comes after the sizes, and after a weight or a bias that is None.
    positions = [call.parameter_or(None, name) for name in ("eps", "#0", "#1", "#2", "#3")]
    epsilon = next((each for each in positions if isinstance(each, float)), 1e-5)
    dims = tuple(range(x.ndim - count, x.ndim))
    return x, dims, epsilon, None if weight is None else call.array(weight.value)


def _is_layer_norm(x: Array, y: Array, count: int) -> bool:
    return close(normalised(x, tuple(range(x.ndim - count, x.ndim)), 1e-5)[0], y, 1e-2)


def _batch_norm(call: Call, slot: int) -> Array:
    if not call.is_direct:
        return _batch_norm_inside(call, slot)
    x, g = call.named_array("0", "input"), call.grad()
    dims = (0, *range(2, x.ndim))
    epsilon = epsilon_of(call, "#2")
    if call.parameter_or(False, "training", "#0") is not True:
        return _through_running_statistics(call, slot, x, g, epsilon)
    if slot == 2:
        return g.sum(axis=dims)
    if slot == 1:
        return (g * normalised(x, dims, epsilon)[0]).sum(axis=dims)
    weight = call.named("weight", "3")
    scale = np.ones(x.shape[1]) if weight is None else call.array(weight.value)
    return through_normalisation(g * scale.reshape(-1, *[1] * (x.ndim - 2)), x, dims, epsilon)


def _batch_norm_inside(call: Call, slot: int) -> Array:
    """In an instance norm, whose examples are taken for channels; with the usual epsilon."""
    call.is_guessed = True
    x, g = call.argument(0), call.grad()
    dims = (0, *range(2, x.ndim))
    if slot == 2:
        return g.sum(axis=dims)
    if slot == 1:
        return (g * normalised(x, dims, 1e-5)[0]).sum(axis=dims)
    scale = call.argument(1) if call.has_edge(1) else np.ones(x.shape[1])
    return through_normalisation(g * scale.reshape(-1, *[1] * (x.ndim - 2)), x, dims, 1e-5)


def _group_norm(call: Call, slot: int) -> Array:
    x, g = call.named_array("0", "input"), call.grad()
    _refuse_statistics(call)
    # torch's own function has the sizes first.
    is_native = call.operation is not None and call.operation.name.endswith("native_group_norm")
    grouped = x.reshape(x.shape[0], int(call.parameter("num_groups", "group", "#3" if is_native else "#0")), -1)
    epsilon = epsilon_of(call, "#4" if is_native else "#1")
    rest, channels = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    if slot == 2:
        return g.sum(axis=rest)
    if slot == 1:
        return (g * normalised(grouped, (2,), epsilon)[0].reshape(x.shape)).sum(axis=rest)
    weight = call.named("weight", "1" if is_native else "2")
    scale = 1.0 if weight is None else call.array(weight.value).reshape(channels)
    return through_normalisation((g * scale).reshape(grouped.shape), grouped, (2,), epsilon).reshape(x.shape)


def _through_running_statistics(call: Call, slot: int, x: Array, g: Array, epsilon: float) -> Array:
    """In evaluation mean and variance are constants, so each element is only scaled."""
    dims, shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    mean, variance = call.named_array("1", "running_mean"), call.named_array("2", "running_var")
    deviation = np.sqrt(variance + epsilon).reshape(shape)
    normal = (x - mean.reshape(shape)) / deviation
    weight, bias = call.named("weight", "3"), call.named("bias", "4")
    scale = 1.0 if weight is None else call.array(weight.value).reshape(shape)
    shift = 0.0 if bias is None else call.array(bias.value).reshape(shape)
    if not close(normal * scale + shift, call.output()):
        # torch moves running statistics without telling: the recorded ones may be of an earlier moment.
        raise Unknown
    if slot == 2:
        return g.sum(axis=dims)
    return (g * normal).sum(axis=dims) if slot == 1 else g * scale / deviation


_NORM_WORDS = (
    "The input is centred and scaled together with others, so each element's gradient loses the mean of its group's "
    "and what would only have changed the scale. x̂ is what was centred and scaled, σ the deviation, w the weight; a "
    "bar is a mean of the group."
)
_NORM_FORMULA = (
    rf"{X} = \frac{{1}}{{\sigma}} \left(\hat{{g}} - \overline{{\hat{{g}}}} - \hat{{x}} \, "
    r"\overline{\hat{g} \, \hat{x}}\right), \qquad \hat{g} = g \, w"
)

_AVERAGED = " n is the number of losses that are averaged, and 1 where they are not."

RULES = (
    Rule(
        ("Softmax", "SafeSoftmax"),
        rf"{X} = y \cdot (g - \sum_j g_j \, y_j)",
        "The results always add up to 1: what one wins the others lose, so only the gradient's difference from its "
        "weighted mean counts.",
        "derivatives.yaml: _softmax",
        _softmax,
        needs="its result",
    ),
    Rule(
        ("LogSoftmax",),
        rf"{X} = g - \mathrm{{softmax}}(x) \sum_j g_j",
        "With cross entropy this becomes predicted probability minus 1 for the right class, and the predicted "
        "probability for all others.",
        "derivatives.yaml: _log_softmax",
        _log_softmax,
        forward=_log_softmax_forward,
        needs="its result",
    ),
    Rule(
        ("NllLoss", "NllLoss2D"),
        rf"{X}_{{i,t_i}} = -\frac{{g}}{{n}}, \qquad 0 \; \mathrm{{elsewhere}}",
        "Only the log probability of the right class counts, with a minus; the others receive 0."
        + _AVERAGED
        + " If classes have weights, each loss counts as much as its class, and in a mean n is the sum of these.",
        "derivatives.yaml: nll_loss_forward",
        _nll,
        needs="the targets",
    ),
    Rule(
        ("MseLoss",),
        rf"{X} = g \, \frac{{2 (x - t)}}{{n}}",
        "Each prediction is pulled towards its target, twice as hard where it is twice as far away." + _AVERAGED,
        "derivatives.yaml: mse_loss",
        _loss(lambda x, t: 2 * (x - t)),
        needs="predictions and targets",
    ),
    Rule(
        ("SmoothL1Loss",),
        rf"{X} = \frac{{g}}{{n}} \, \mathrm{{clip}}\left(\frac{{x - t}}{{\beta}}, -1, 1\right)",
        "Near the target the pull grows with the distance, further away it stays the same: outliers do not dominate."
        + _AVERAGED,
        "derivatives.yaml: smooth_l1_loss",
        _smooth_l1,
        needs="predictions and targets",
    ),
    Rule(
        ("HuberLoss",),
        rf"{X} = \frac{{g}}{{n}} \, \mathrm{{clip}}(x - t, -\delta, \delta)",
        "Near the target the pull grows with the distance, further away it stays the same: outliers do not dominate."
        + _AVERAGED,
        "derivatives.yaml: huber_loss",
        _huber,
        needs="predictions and targets",
    ),
    Rule(
        ("BinaryCrossEntropy",),
        rf"{X} = \frac{{g}}{{n}} \, \frac{{x - t}}{{x (1 - x)}}",
        "A prediction that is sure and wrong is pulled back very hard." + _AVERAGED,
        "derivatives.yaml: binary_cross_entropy",
        _cross_entropy_of_probabilities,
        needs="predictions and targets",
    ),
    Rule(
        ("BinaryCrossEntropyWithLogits",),
        rf"{X} = \frac{{g}}{{n}} \left(\sigma(x) - t\right)",
        "Sigmoid and cross entropy together leave the plain difference between prediction and target." + _AVERAGED,
        "derivatives.yaml: binary_cross_entropy_with_logits",
        _cross_entropy_of_logits,
        needs="predictions and targets",
    ),
    Rule(
        ("NativeLayerNorm",),
        _NORM_FORMULA,
        _NORM_WORDS + " The group is one example.",
        "derivatives.yaml: native_layer_norm",
        _layer_norm,
        needs="its input, mean and deviation",
    ),
    Rule(
        ("NativeGroupNorm",),
        _NORM_FORMULA,
        _NORM_WORDS + " The group is some of the channels of one example.",
        "derivatives.yaml: native_group_norm",
        _group_norm,
        needs="its input, mean and deviation",
    ),
    Rule(
        ("NativeBatchNorm", "CudnnBatchNorm"),
        _NORM_FORMULA,
        _NORM_WORDS + " The group is one channel over the whole batch, so examples feel each other. In evaluation "
        "the running mean and deviation are constants, so x receives ĝ / σ alone.",
        "derivatives.yaml: native_batch_norm",
        _batch_norm,
        needs="its input, mean and deviation",
    ),
)
