"""What a program puts into its environment before it imports torch.

torch, and the libraries below it, read many variables once, when they are loaded: how many threads they start, what
they log. A worker has loaded them before the program begins, so it is started with what the program is going to set.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.recording.syntax import tree_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_READ_BY_TORCH = (
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "DNNL_", "ONEDNN_", "ATEN_", "C10_", "TORCH",
    "PYTORCH_", "TRITON_", "AOT_",
)  # fmt: skip
"""Variables that torch and the libraries below it read when they are loaded. CUDA_…, NCCL_… and their like are read
when a device is used first, others when the process starts, such as PYTHON… and LD_…, which no program can change."""
_WITHOUT_TORCH = {"numpy", "scipy", "pandas", "matplotlib", "PIL", "sklearn", "tqdm", "yaml", "requests", "rich"}


class Early(NamedTuple):
    """Changes of the environment.

    Attributes:
        changes: Values by name, None where a variable is removed.
        unknown: Names of variables whose values are only known when the program runs.
    """

    changes: dict[str, str | None]
    unknown: tuple[str, ...]


def changes_before_torch(sources: Sequence[str], environment: Mapping[str, str]) -> Early:
    """What a program's own statements, those of no function, change before the first import that may be torch's.

    Args:
        sources: The program's text, after those of the packages that it is in.
        environment: What it starts with.
    """
    if not any("environ" in source or "putenv" in source for source in sources):
        # Nearly every program: its text need not be read once more.
        return Early({}, ())
    found = _Changes(environment)
    for source in sources:
        tree = tree_of(source)
        if tree is None or not all(found.take(statement) for statement in tree.body):
            break
    return Early(found.changes, tuple(found.unknown))


class _Changes:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.changes: dict[str, str | None] = {}
        self.unknown: dict[str, None] = {}
        self._environment = environment
        self._os = {"os"}
        self._environ: set[str] = set()

    def take(self, statement: ast.stmt) -> bool:
        """Note what a statement changes; False at the first import that may be torch's."""
        match statement:
            case ast.Import(names=names):
                self._os.update(each.asname or each.name for each in names if each.name == "os")
                return all(_is_without_torch(each.name) for each in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                if module == "os":
                    self._environ.update(each.asname or each.name for each in names if each.name == "environ")
                return not level and _is_without_torch(module or "")
            case ast.Assign(targets=[ast.Subscript(value=target, slice=ast.Constant(value=str(name)))], value=value):
                if self._is_environ(target):
                    self._set(name, value)
            case ast.AugAssign(target=target, op=ast.BitOr(), value=ast.Dict() as value) if self._is_environ(target):
                self._update(value)
            case ast.Delete(targets=[ast.Subscript(value=target, slice=ast.Constant(value=str(name)))]):
                if self._is_environ(target):
                    self._note(name, None)
            case ast.Expr(value=ast.Call() as call):
                self._called(call)
            case _:
                pass
        return True

    def _called(self, call: ast.Call) -> None:
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=module), attr="putenv"),
                args=[ast.Constant(value=str(name)), value],
            ) if module in self._os:
                self._set(name, value)
            case ast.Call(func=ast.Attribute(value=target, attr=method)) if self._is_environ(target):
                self._changed_by(method, call)
            case _:
                pass

    def _changed_by(self, method: str, call: ast.Call) -> None:
        match method, call.args:
            case "setdefault", [ast.Constant(value=str(name)), value]:
                if self._now(name) is None:
                    self._set(name, value)
            case "pop", [ast.Constant(value=str(name)), *_]:
                self._note(name, None)
            case "update", arguments:
                for each in arguments:
                    if isinstance(each, ast.Dict):
                        self._update(each)
                for keyword in call.keywords:
                    self._set(keyword.arg or "", keyword.value)
            case _:
                pass

    def _is_environ(self, target: ast.expr) -> bool:
        match target:
            case ast.Attribute(value=ast.Name(id=module), attr="environ"):
                return module in self._os
            case ast.Name(id=name):
                return name in self._environ
            case _:
                return False

    def _update(self, value: ast.Dict) -> None:
        for key, each in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self._set(key.value, each)

    def _set(self, name: str, value: ast.expr) -> None:
        match value:
            case ast.Constant(value=str(text)):
                self._note(name, text)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Constant(value=constant)]):
                self._note(name, str(constant))
            case _:
                if name.startswith(_READ_BY_TORCH):
                    self.unknown[name] = None

    def _note(self, name: str, value: str | None) -> None:
        if name.startswith(_READ_BY_TORCH) and (name in self.changes or self._now(name) != value):
            self.changes[name] = value

    def _now(self, name: str) -> str | None:
        return self.changes[name] if name in self.changes else self._environment.get(name)


def _is_without_torch(module: str) -> bool:
    name = module.partition(".")[0]
    return name in sys.stdlib_module_names or name in _WITHOUT_TORCH
