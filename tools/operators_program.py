"""Runs operators of PyTorch's own database forwards and backwards, and prints what came of each to the bit.

Every operator that has a gradient runs with a few of the inputs that PyTorch tests it with, twice on the same input, so
that gradients meet; once in place, and once with `create_graph`. Some elements are made infinite, NaN or -0.

    python operators_program.py PART PARTS      # every PARTS-th operator, from PART on
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = 4
SPECIAL = torch.tensor([float("inf"), float("-inf"), float("nan"), -0.0, 1e300])
# LAPACK does not end, or not the same way twice, on what is not finite.
ONLY_FINITE = ("linalg", "svd", "eig", "lstsq", "lu", "qr", "cholesky", "pinv", "det")
# What they give, or some of it, is whatever lay in memory.
UNINITIALISED = {"empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted"}
UNINITIALISED |= {"linalg.lstsq"}


def tensors_in(thing: Any) -> Iterator[torch.Tensor]:
    """Every tensor in lists, tuples and dictionaries."""
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from tensors_in(part)
    elif isinstance(thing, dict):
        yield from tensors_in(list(thing.values()))


def digest(tensors: list[torch.Tensor | None]) -> str:
    """What tells these elements from any others."""
    found = hashlib.sha1(usedforsecurity=False)
    for tensor in tensors:
        if tensor is None:
            found.update(b"none")
            continue
        plain = tensor.detach()
        plain = plain if plain.layout is torch.strided else plain.to_dense()
        found.update(f"{plain.dtype} {tuple(plain.shape)}".encode())
        if plain.numel():
            found.update(
                plain.resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            )
    return found.hexdigest()[:12]


def spiced(thing: Any) -> Any:
    """The same with some elements that are no numbers, computed from it."""
    if isinstance(thing, (list, tuple)):
        return type(thing)([spiced(part) for part in thing])
    is_fit = isinstance(thing, torch.Tensor) and (thing.is_floating_point() or thing.is_complex())
    if not is_fit or thing.layout is not torch.strided:
        return thing
    chosen = SPECIAL[torch.randint(0, len(SPECIAL), thing.shape)].to(thing.dtype)
    return torch.where(torch.rand(thing.shape) < 0.7, thing * 1, chosen)


def run(op: Any, sample: Any, *, in_place: bool, special: bool, twice: bool) -> str:
    """Run an operator on an input, and the engine after it; returns what came of it."""
    torch.manual_seed(0)
    leaves = [each for each in tensors_in([sample.input, sample.args, sample.kwargs]) if each.requires_grad]
    leaves = [each for each in leaves if each.is_leaf]
    for leaf in leaves:
        leaf.grad = None
    taken = spiced(sample.input) if special else sample.input
    if in_place:
        taken = taken.clone() if isinstance(taken, torch.Tensor) else [each.clone() for each in taken]
        results = [op.get_inplace()(taken, *sample.args, **sample.kwargs)]
    else:
        results = [op.get_op()(taken, *sample.args, **sample.kwargs) for _ in range(2)]
    outputs = [each for each in tensors_in(results) if each.requires_grad]
    if not outputs:
        return "no gradient"
    seeds = [torch.ones_like(each) for each in outputs]
    if twice and leaves:
        grads = torch.autograd.grad(outputs, leaves, seeds, create_graph=True, allow_unused=True)
        wanted = [each.abs().sum() for each in grads if each is not None and each.requires_grad]
        if wanted:
            torch.autograd.backward(wanted, retain_graph=True)
    torch.autograd.backward(outputs, seeds)
    return f"{digest(outputs)} {digest([leaf.grad for leaf in leaves])}"


def main(part: int, parts: int) -> None:
    """Run a part of all operators, a line each."""
    for number, op in enumerate(op_db):
        if number % parts != part or op.name in UNINITIALISED or not op.supports_autograd:
            continue
        is_finite = any(word in op.name for word in ONLY_FINITE)
        for dtype in (torch.float64, torch.complex128):
            if dtype not in op.supported_backward_dtypes("cpu"):
                continue
            torch.manual_seed(1)
            for place, sample in zip(range(SAMPLES), op.sample_inputs("cpu", dtype, requires_grad=True), strict=False):
                ways = [False, True] if place == 0 and op.inplace_variant else [False]
                for in_place in ways:
                    special = place < SAMPLES // 2 and not in_place and not is_finite
                    twice = place == 0 and not in_place and op.supports_gradgrad
                    try:
                        said = run(op, sample, in_place=in_place, special=special, twice=twice)
                    except Exception as error:  # noqa: BLE001 - how it fails must be the same as well
                        said = f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
                    print(op.name, op.variant_test_name, dtype, place, in_place, said, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
