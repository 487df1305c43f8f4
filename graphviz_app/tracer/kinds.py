"""What sort of torch function is it: one that computes, one that only looks, one that sets something."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import enum
import types
from typing import Any

import torch
import torch._ops

from graphviz_app.own import __builtins__  # noqa: F401

_T = torch.Tensor


class Kind(enum.Enum):
    """How a torch function is treated.

    OPERATION: recorded.
    LOOK: only looks at a tensor; not recorded, and never warns.
    PASS: not recorded, but may warn or run user code.
    SET: sets an attribute of a tensor (`.grad = `, `.data = `).
    GRAD: reads `.grad`.
    DATA: reads `.data`.
    LEAVE: the value leaves torch.
    HOOK: registers a hook.
    RETAIN: `retain_grad`.
    """

    OPERATION = 0
    LOOK = 1
    PASS = 2
    SET = 3
    LEAVE = 4
    HOOK = 5
    RETAIN = 6
    DATA = 7
    GRAD = 8


_LOOKS = [
    "shape",
    "dtype",
    "device",
    "requires_grad",
    "is_leaf",
    "grad_fn",
    "_version",
    "layout",
    "is_cuda",
    "is_cpu",
    "is_mps",
    "is_sparse",
    "is_quantized",
    "is_meta",
    "ndim",
    "names",
    "output_nr",
    "name",
    "_backward_hooks",
    "_post_accumulate_grad_hooks",
    "_base",
    "_cdata",
    "itemsize",
    "nbytes",
    "is_nested",
    "is_mkldnn",
    "is_xpu",
    "is_vulkan",
    "is_ipu",
    "is_xla",
    "is_mtia",
    "is_maia",
    "is_sparse_csr",
    "retains_grad",
    "volatile",
    "_has_symbolic_sizes_strides",
]
_PASSES = [
    "__len__",
    "__repr__",
    "__str__",
    "__format__",
    "__hash__",
    "__dir__",
    "size",
    "dim",
    "stride",
    "numel",
    "nelement",
    "element_size",
    "data_ptr",
    "storage",
    "untyped_storage",
    "storage_offset",
    "is_contiguous",
    "is_floating_point",
    "is_complex",
    "get_device",
    "is_shared",
    "is_set_to",
    "ndimension",
    "_typed_storage",
    "backward",
    "requires_grad_",
    "is_same_size",
    "__deepcopy__",
    "__reduce_ex__",
    "__setstate__",
    "share_memory_",
    "is_signed",
    "is_inference",
    "is_conj",
    "is_neg",
    "is_pinned",
    "__iter__",
    "__dlpack__",
    "__dlpack_device__",
    "__array_priority__",
    "_is_view",
    "has_names",
    "storage_type",
    "type",
    "__contains__",
    "record_stream",
    "_is_zerotensor",
    "is_coalesced",
    "_nnz",
    "sparse_dim",
    "dense_dim",
    "__bool__",
    "__cuda_array_interface__",
    "untyped_storage",
]
_LEAVES = ["item", "tolist", "numpy", "__float__", "__int__", "__index__", "__complex__", "__array__"]
_FUNCTIONS = (
    torch.is_tensor,
    torch.is_storage,
    torch.is_grad_enabled,
    torch.is_floating_point,
    torch.is_complex,
    torch.get_device,
    torch.result_type,
    torch.can_cast,
    torch.numel,
    torch.autograd.grad,
    torch.autograd.backward,
    torch.set_default_device,
    torch.seed,
    torch.manual_seed,
    torch.is_same_size,
    torch.is_inference,
    torch.is_nonzero,
)
_QUIET_MODULES = ("torch._C", "torch.profiler", "torch.autograd.profiler", "torch.autograd.grad_mode", "torch._guards")


_LENDING_METHODS = (
    "numpy",
    "__array__",
    "__dlpack__",
    "data_ptr",
    "storage",
    "untyped_storage",
    "_typed_storage",
    "share_memory_",
    "set_",
    "map_",
    "map2_",
    "apply_",
)
_BORROWING = ("from_numpy", "frombuffer", "utils.dlpack.from_dlpack", "from_file", "as_tensor", "asarray")
LENDERS = frozenset(
    [f"torch.Tensor.{name}" for name in _LENDING_METHODS]
    + [f"torch.{name}" for name in _BORROWING]
    + ["torch._C._to_dlpack"]
)
"""Functions after which somebody outside torch may hold a tensor's memory, or may have held it before."""


OPERATORS = frozenset({torch._ops.OpOverloadPacket, torch._ops.OpOverload, torch._ops.TorchBindOpOverload})
"""Classes of `torch.ops.aten.add` and the like, which are written in Python: to be called and to be looked up runs code
of torch's. It ends in a call of their `_op`, which asks the modes; to go on from there is to call that."""


class Kinds:
    """The kind of every torch function met, looked up once each."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Kind, str]] = {}
        for name in _LOOKS:
            if (descriptor := getattr(_T, name, None)) is not None and hasattr(descriptor, "__get__"):
                self._known[descriptor.__get__] = (Kind.LOOK, name)
        for name in _PASSES:
            self._add(name, Kind.PASS)
        for name in _LEAVES:
            self._add(name, Kind.LEAVE)
        for function in _FUNCTIONS:
            self._known[function] = (Kind.PASS, function.__name__)
        for name in ("register_hook", "register_post_accumulate_grad_hook"):
            self._add(name, Kind.HOOK)
        self._add("retain_grad", Kind.RETAIN)
        self._known[_T.grad.__get__] = (Kind.GRAD, "grad")  # pyright: ignore[reportOptionalMemberAccess]
        self._known[_T.data.__get__] = (Kind.DATA, "torch.Tensor.data")
        for name in ("T", "mT", "H", "mH", "real", "imag"):
            self._known[getattr(_T, name).__get__] = (Kind.OPERATION, f"torch.Tensor.{name}")
        for name in ("grad", "data", "requires_grad"):
            self._known[getattr(_T, name).__set__] = (Kind.SET, f"torch.Tensor.{name}")
        self._known[_T.grad.__delete__] = (Kind.SET, "torch.Tensor.grad")  # pyright: ignore[reportOptionalMemberAccess]
        for name in ("real", "imag"):
            self._known[getattr(_T, name).__set__] = (Kind.OPERATION, f"torch.Tensor.{name}.__set__")

    def of(self, function: Any) -> tuple[Kind, str]:
        """The kind of a torch function, and its qualified name."""
        if not can_be_looked_up(function):
            return Kind.OPERATION, _name_of_object(function)
        found = self._known.get(function)
        if found is None:
            found = self._known[function] = (_kind(function), _name(function))
        return found

    def of_operator(self, operator: Any) -> tuple[Kind, str]:
        """As `of`, for one of `OPERATORS`."""
        found = self._known.get(operator._op)
        if found is None:
            packet = vars(operator).get("_overloadpacket", operator)
            found = self._known[operator._op] = (_kind_of_operator(packet), _name_of_operator(packet))
        return found

    def _add(self, name: str, kind: Kind) -> None:
        function = getattr(_T, name, None)
        if function is not None:
            self._known[function] = (kind, f"torch.Tensor.{name}")


def original_of(function: Any) -> Any:
    """The method written in C that has just been called.

    torch's core names it to a mode by whatever stands under its name in `torch.Tensor`. A function that the program has
    put there, or a property of its own, to call the original in its turn, would be called twice.
    """
    kind = type(function)
    if kind in _IN_C and not (kind is types.MethodWrapperType and type(function.__self__) is property):
        return function
    in_c = vars(torch._C.TensorBase)
    accessor = getattr(function, "__name__", "") if kind in (types.MethodType, types.MethodWrapperType) else ""
    owner = function.__self__ if accessor in ("__get__", "__set__", "__delete__") else None
    for name, method in list(vars(_T).items()):
        if method is function:
            return in_c.get(name, function)
        if method is owner and owner is not None:
            return getattr(in_c.get(name), accessor, function)
    return function


_IN_C = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType)
FUNCTIONS = frozenset([*_IN_C, types.FunctionType, types.MethodType])
"""Classes of functions and methods, which know by themselves which is which."""
_hash: Any = object.__hash__
_equals: Any = object.__eq__


def can_be_looked_up(function: Any) -> bool:
    """Whether a dictionary asks nothing of the program's to find it: a class of the program's may say which is which.

    Such objects stand in the places of torch's functions that the program has replaced (`unittest.mock`).
    """
    kind = type(function)
    return kind in FUNCTIONS or (kind.__hash__ is _hash and kind.__eq__ is _equals)


def _kind(function: Any) -> Kind:
    if type(function) not in FUNCTIONS:
        return Kind.OPERATION
    name = getattr(function, "__name__", "")
    if name in ("__get__", "__set__", "__delete__"):
        return Kind.PASS
    module = getattr(function, "__module__", None) or ""
    return Kind.PASS if module in _QUIET_MODULES or name == "_set_grad_enabled" else Kind.OPERATION


def _name(function: Any) -> str:
    """Such as "torch.Tensor.add", "torch.nn.functional.relu", "torch.ones"."""
    if type(function) not in FUNCTIONS and not type(function).__module__.startswith("torch."):
        return _name_of_object(function)
    name = getattr(function, "__name__", None) or type(function).__name__
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        return f"torch.Tensor.{name}"
    module = getattr(function, "__module__", None)
    if module in (None, "torch._VariableFunctionsClass", "torch._C._VariableFunctions"):
        holder = str(getattr(function, "__self__", ""))
        return f"{_HOLDERS.get(holder, 'torch')}.{name}"
    qualified = getattr(function, "__qualname__", name)
    if module == "torch._tensor":
        # `x ** 2` calls a Python function that looks as if it were the one that is written in C.
        return f"torch.{qualified.replace('TensorBase.', 'Tensor.')}"
    if module in _PREFIXES:
        home, prefix = _PREFIXES[module]
        return f"{home}.{name.removeprefix(prefix)}"
    return f"torch.{name}" if module == "torch" else f"{module}.{qualified}"


def _name_of_object(function: Any) -> str:
    """By its class, because it may say anything itself, and tell the program that it was asked."""
    return f"{type(function).__module__}.{type(function).__qualname__}"


# Nothing is asked of an operator that functions of torch's answer, written in Python: who profiles would see them.
def _kind_of_operator(packet: Any) -> Kind:
    return Kind.PASS if packet._qualified_op_name.startswith("profiler::") else Kind.OPERATION


def _name_of_operator(packet: Any) -> str:
    """Such as "torch.ops.aten.add_", also for one of its overloads: whether it writes in place stands at the end."""
    return f"torch.ops.{packet._qualified_op_name.replace('::', '.')}"


_PREFIXES = {
    "torch._C._nn": ("torch.nn.functional", ""),
    "torch._C._linalg": ("torch.linalg", "linalg_"),
    "torch._C._fft": ("torch.fft", "fft_"),
    "torch._C._special": ("torch.special", "special_"),
    "torch._C._sparse": ("torch.sparse", "_sparse_"),
    "torch.functional": ("torch", ""),
}
_HOLDERS: dict[str, str] = {}
