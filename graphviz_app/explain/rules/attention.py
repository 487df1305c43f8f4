"""Rules of attention in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close, sum_to_shape
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

Q = r"\frac{\partial L}{\partial Q}"
K = r"\frac{\partial L}{\partial K}"
V = r"\frac{\partial L}{\partial V}"
_MOST_WEIGHTS = 1 << 20


def _attention(call: Call, slot: int) -> Array:
    """Of softmax(Q Kᵀ s + mask) V: the rules of two products, and that of the softmax between them."""
    q, k, v, g = call.argument(0), call.argument(1), call.argument(2), call.grad()
    if q.ndim < 3 or q.size // q.shape[-1] * k.shape[-2] > _MOST_WEIGHTS:
        raise Unknown
    heads, groups = (q.shape[-3], k.shape[-3]) if q.ndim > 2 else (1, 1)
    if heads % groups:
        raise Unknown
    # Heads of queries may share those of keys and values.
    keys, values = (np.repeat(each, heads // groups, axis=-3) for each in (k, v))
    scale = call.parameter_inside_or(None, "scale", "#2")
    scale = q.shape[-1] ** -0.5 if scale is None else float(scale)
    weights = _weights(call, q @ np.swapaxes(keys, -1, -2) * scale, values)
    if slot == 2:
        return _shared(np.swapaxes(weights, -1, -2) @ g, v.shape)
    of_weights = g @ np.swapaxes(values, -1, -2)
    inner = scale * weights * (of_weights - (of_weights * weights).sum(-1, keepdims=True))
    if slot == 0:
        return sum_to_shape(inner @ keys, q.shape)
    if slot == 1:
        return _shared(np.swapaxes(inner, -1, -2) @ q, k.shape)
    raise Unknown


def _weights(call: Call, scores: Array, values: Array) -> Array:
    """The softmax of the scores, of those that the mask leaves."""
    given = call.named("attn_mask", "3")
    masks: list[Array | float] = [0.0]
    later = np.triu(np.full(scores.shape[-2:], -np.inf), 1)
    if given is not None:
        mask = call.array(given.value)
        masks = [np.where(mask, 0.0, -np.inf) if mask.dtype == np.bool_ else mask]
    elif not call.is_direct:
        # The function around it may have masked what comes later.
        call.is_guessed = True
        masks = [0.0, later]
    elif call.parameter_or(False, "is_causal", "#1") is True:
        masks = [later]
    for mask in masks:
        top = (scores + mask).max(-1, keepdims=True)
        powers = np.exp(scores + mask - np.where(np.isfinite(top), top, 0.0))
        total = powers.sum(-1, keepdims=True)
        weights = powers / np.where(total == 0, 1.0, total)
        if len(masks) == 1 or _makes(call, weights @ values):
            return weights
    raise Unknown


def _makes(call: Call, result: Array) -> bool:
    try:
        return close(result, call.output())
    except Unknown:
        return True


def _shared(values: Array, shape: tuple[int, ...]) -> Array:
    """Added up over the heads of queries that shared one."""
    if values.shape[-3] != shape[-3]:
        values = values.reshape(*values.shape[:-3], shape[-3], -1, *values.shape[-2:]).sum(-3)
    return sum_to_shape(values, shape)


RULES = (
    Rule(
        (
            "ScaledDotProductFlashAttentionForCpu",
            "ScaledDotProductEfficientAttention",
            "ScaledDotProductFlashAttention",
            "ScaledDotProductCudnnAttention",
        ),
        rf"{V} = {{P}}^{{\top}} g, \qquad {Q} = \frac{{D K}}{{\sqrt{{d}}}}, \qquad {K} = \frac{{{{D}}^{{\top}} Q}}"
        r"{\sqrt{d}}, \qquad D = P \cdot (g {V}^{\top} - \sum_j P \cdot g {V}^{\top}), \qquad "
        r"P = \mathrm{softmax} \frac{Q {K}^{\top}}{\sqrt{d}}",
        "Attention in one piece: queries, keys and values each receive the gradient through the two products and the "
        "softmax between them, without the table of weights P ever being stored. D · means element by "
        "element; d is a head's width, the call may give another scale, and a mask is added before the softmax.",
        'derivatives.yaml: _scaled_dot_product_flash_attention; T. Dao and others, "FlashAttention" (2022), appendix B',
        _attention,
        needs="queries, keys and values, and its result",
    ),
)
