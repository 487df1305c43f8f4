"""Which calls of a program make which node: by the same name, or by one of these."""

from __future__ import annotations

_MADE_BY = {
    "add": "iadd radd",
    "sub": "subtract isub",
    "rsub": "rsub sub subtract",
    "mul": "multiply imul rmul rdiv rtruediv",
    "div": "divide truediv idiv itruediv truedivide",
    "reciprocal": "rdiv rtruediv",
    "pow": "rpow square ipow",
    "neg": "negative",
    "abs": "absolute",
    "clamp": "clip clampmin clampmax",
    "clampmin": "clamp clip",
    "clampmax": "clamp clip",
    "hardtanh": "relu6",
    "mm": "matmul rmatmul linear",
    "addmm": "linear",
    "addmv": "linear",
    "mv": "matmul rmatmul linear",
    "dot": "matmul rmatmul inner",
    "bmm": "matmul rmatmul",
    "ger": "outer",
    "max": "max",
    "linalgvectornorm": "norm vectornorm",
    "linalginvex": "inv inverse",
    "linalgsolveex": "solve",
    "linalgcholeskyex": "cholesky",
    "linalglufactorex": "lufactor lu",
    "mkldnnrnnlayer": "lstm",
    "scaleddotproductflashattentionforcpu": "scaleddotproductattention",
    "scaleddotproductflashattention": "scaleddotproductattention",
    "scaleddotproductefficientattention": "scaleddotproductattention",
    "gridsampler2d": "gridsample",
    "gridsampler3d": "gridsample",
    "im2col": "unfold",
    "col2im": "fold",
    "upsamplenearest2d": "interpolate",
    "upsamplenearest1d": "interpolate",
    "upsamplenearest3d": "interpolate",
    "upsamplelinear1d": "interpolate",
    "upsamplebilinear2d": "interpolate",
    "upsampletrilinear3d": "interpolate",
    "upsamplebicubic2d": "interpolate",
    "select": "getitem",
    "slice": "getitem narrow",
    "index": "getitem",
    "diagonal": "diag",
    "cat": "hstack vstack concat concatenate dstack",
    "split": "chunk tensorsplit",
    "splitwithsizes": "split",
    "unbind": "iter",
    "gather": "takealongdim",
    "nllloss": "crossentropy",
    "nllloss2d": "nllloss crossentropy",
    "logsoftmax": "crossentropy",
    "nativelayernorm": "layernorm",
    "nativebatchnorm": "batchnorm",
    "nativegroupnorm": "groupnorm",
    "convolution": "conv1d conv2d conv3d convtranspose1d convtranspose2d convtranspose3d",
    "maxpool2dwithindices": "maxpool2d maxpool1d fn",
    "maxpool3dwithindices": "maxpool3d fn",
    "avgpool2d": "avgpool1d",
    "constantpadnd": "pad",
    "prelukernel": "prelu",
}
_NAMES = {node: frozenset(names.split()) for node, names in _MADE_BY.items()}


def is_direct(operation: str, node: str) -> bool:
    """Whether an operation ("torch.Tensor.__mul__") is the function that a node ("Mul") belongs to."""
    called = operation.rsplit(".", 1)[-1].replace("_", "").lower()
    name = node.lower()
    return (
        called.removesuffix("copy") == name
        or called in (name, name.removeprefix("linalg"), name.removeprefix("special"))
        or called in _NAMES.get(name, ())
    )
