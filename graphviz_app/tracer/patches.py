"""The few places besides the engine where torch must be told to look past us, or to let us see."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import functools
import sys
import threading
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
import torch.autograd.function
import torch.overrides

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene, invisible, watchers_in_c
from graphviz_app.tracer.frames import MISSING, local_variable
from graphviz_app.tracer.node_hooks import let_register
from graphviz_app.tracer.swapping import let_swap
from graphviz_app.tracer.watchers import ASKING, without

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.operations import Operations

_push = torch._C._push_on_torch_function_stack
_pop = torch._C._pop_torch_function_stack
_depth = torch._C._len_torch_function_stack
_top = torch._C._get_function_stack_at
_APPLY: Any = getattr(torch.autograd.Function.apply, "__code__", None)
_ARGS = 0 if _APPLY is None else _APPLY.co_varnames.index("args")
_is_mode_enabled = torch._C._is_torch_function_mode_enabled
_getframe = sys._getframe
_profiler, _tracer = watchers_in_c.current_profiler, watchers_in_c.current_tracer
_sequence = torch._C._autograd._get_sequence_nr


class Patches:
    """Installs and removes them."""

    def __init__(self, core: Core, operations: Operations) -> None:
        self._core = core
        self._operations = operations
        self._undo: list[Callable[[], None]] = []
        self._wrapped_compiled = False
        self._answers = Answers()
        self._modules: list[ModuleType] = []

    def install(self) -> None:
        """Put them in place."""
        # Later they are not listed any more.
        self._modules = invisible.modules_of_package("graphviz_app.")
        self._stay_out_of_answers()
        self._undo.append(let_swap(self._core))
        self._undo.append(let_register(self._core.nodes))
        self._see_custom_functions()
        self._follow_threads()
        self._stay_out_of_compiled_code()

    def remove(self) -> None:
        """Take them away."""
        while self._undo:
            self._undo.pop()()

    def _stay_out_of_answers(self) -> None:
        """Who asks whether anybody overrides torch, and which function modes do, is told of the program alone.

        Modules that have a fused path ask. Most of torch has got these functions before, and goes on with torch's own.
        """
        overrides, mode, say = torch.overrides, self._operations.mode, self._answers.say
        original = overrides._get_current_function_mode_stack
        for name in ASKING:
            say(overrides, name, without(mode, getattr(overrides, name)))

        def _get_current_function_mode_stack() -> list[Any]:
            return [each for each in original() if each is not mode]

        modes = _get_current_function_mode_stack

        def _get_current_function_mode() -> Any:
            programs = modes()
            return programs[-1] if programs else None

        def _len_torch_function_stack() -> int:
            return len(modes())

        def _is_torch_function_mode_enabled() -> bool:
            return _is_mode_enabled() and bool(modes())

        def _get_function_stack_at(level: int) -> Any:
            programs = modes()
            # What torch says of a level that there is not, it says itself.
            return programs[level] if 0 <= level < len(programs) else _top(level + _depth())

        for function in (_get_current_function_mode_stack, _get_current_function_mode):
            say(overrides, function.__name__, function)
        pop = without(mode, _pop)
        # One that is left without having been entered would take ours off.
        say(overrides.TorchFunctionMode, "__exit__", without(mode, overrides.TorchFunctionMode.__exit__))
        for function in (_len_torch_function_stack, _is_torch_function_mode_enabled, _get_function_stack_at, pop):
            say(torch._C, function.__name__, function)
        self._undo.append(self._answers.remove)

    def _see_custom_functions(self) -> None:
        """`MyFunction.apply` is no torch function; where torch looks for its core's `apply`, we see it nevertheless.

        That is below `Function`, whose own `apply` is written in Python, or (from torch 2.14 on) `Function` itself.
        """
        function = torch.autograd.Function
        its_own, core_apply = vars(function).get("apply"), vars(torch._C._FunctionBase).get("apply")
        is_below = type(its_own) is classmethod
        holder = torch.autograd.function._SingleLevelFunction if is_below else function
        if core_apply is None or (is_below and "apply" in vars(holder)):
            return
        operations, core = self._operations, self._core

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if _profiler() is not None or _tracer() is not None:
                core.meet_watchers()
            bound = core_apply.__get__(None, cls)
            caller = _getframe(1)
            if caller.f_code is _APPLY:
                # The very tuple that the caller has: one of our own would count as one more reference to each.
                given = local_variable(caller, _ARGS)
                args = args if given is MISSING else given
            # A function written in C leaves its arguments where its caller had them, which counts.
            _left_there = None if is_below else [*args]
            call = hygiene.stand_in(caller)
            start = _sequence()
            operations.give(args)
            core.local.silent += 1
            try:
                result = call(bound, args, kwargs)
            except BaseException as error:
                operations.note_failed()
                hygiene.leave(error)
                raise
            finally:
                core.local.silent -= 1
                given = operations.take_back(caller)
            operations.note_custom(cls, args, kwargs, result, caller, start, given)
            return result

        apply.__qualname__ = "Function.apply"
        holder.apply = classmethod(apply)
        if is_below:
            self._undo.append(lambda: delattr(holder, "apply"))
        else:
            self._undo.append(lambda: setattr(function, "apply", its_own))

    def _follow_threads(self) -> None:
        """Function modes belong to a thread: threads of the program's get ours as they begin."""
        original = threading.Thread._bootstrap_inner
        mode, core = self._operations.mode, self._core

        def _bootstrap_inner(self: Any) -> None:
            if core.muted:
                original(self)
                return
            _push(mode)
            try:
                original(self)
            finally:
                # A mode left on a thread that ends is destroyed by C++ code that then wants the interpreter's lock; if
                # the interpreter is just going down, the process is aborted for it.
                if _depth() and _top(_depth() - 1) is mode:
                    _pop()

        threading.Thread._bootstrap_inner = hygiene.disguise(_bootstrap_inner, original)
        self._undo.append(lambda: setattr(threading.Thread, "_bootstrap_inner", original))

    def _stay_out_of_compiled_code(self) -> None:
        """What torch.compile compiles must not be traced with our mode in force: it would be compiled as well."""
        if _is_compiler_loaded():
            self._wrap_compiled()
            return
        patches, disable = self, torch._disable_dynamo

        def _disable_dynamo(*args: Any, **kwargs: Any) -> Any:
            # The compiler calls this at the end of its loading, however it is loaded: by `torch.compile`, which is not
            # to be replaced, since its source and its parameters can be asked for, or by `torch._dynamo.explain`.
            if _is_compiler_loaded():
                patches._wrap_compiled()
            return disable(*args, **kwargs)

        torch._disable_dynamo = hygiene.disguise(_disable_dynamo, disable)
        self._undo.append(lambda: setattr(torch, "_disable_dynamo", disable))

    def _wrap_compiled(self) -> None:
        if self._wrapped_compiled or self._core.muted:
            return
        self._wrapped_compiled = True
        import torch._dynamo.eval_frame

        # What runs between two pieces of compiled code is compiled in its turn: ours is not to be.
        leave_alone = getattr(torch._dynamo.eval_frame, "skip_code", None)
        if leave_alone is not None:
            for code in invisible.codes_of(self._modules):
                leave_alone(code)
        context = torch._dynamo.eval_frame._TorchDynamoContext
        original = context.__call__
        core, mode, answers = self._core, self._operations.mode, self._answers

        @functools.wraps(original)
        def __call__(self: Any, fn: Any) -> Any:
            compiled = original(self, fn)
            return step_aside(compiled, core, mode, answers) if isinstance(compiled, FunctionType) else compiled

        context.__call__ = __call__
        self._undo.append(lambda: setattr(context, "__call__", original))


class Answers:
    """Functions of torch's that are asked about modes, which answer as if ours were not there."""

    def __init__(self) -> None:
        self._all: list[tuple[Any, str, Any, Any]] = []

    def say(self, holder: Any, name: str, function: Any) -> None:
        """Let a function of ours answer in place of torch's."""
        original = getattr(holder, name)
        self._all.append((holder, name, original, hygiene.disguise(function, original)))
        setattr(holder, name, function)

    def take_off(self) -> None:
        """For a while, torch's own answer: the compiler knows these functions by what they are."""
        listed: Any = getattr(sys.modules.get("torch._dynamo.trace_rules"), "get_torch_obj_rule_map", None)
        # To ask for what has not been listed yet would list it.
        is_listed = hasattr(listed, "cache_info") and listed.cache_info().currsize
        rules = listed() if is_listed else {}
        for holder, name, original, function in self._all:
            setattr(holder, name, original)
            if function in rules:
                # It listed what stood under their names, which may have been ours.
                rules[original] = rules.pop(function)

    def put_back(self) -> None:
        """What was taken off is in place again."""
        for holder, name, _, function in self._all:
            setattr(holder, name, function)

    def remove(self) -> None:
        """For good, torch's own answer."""
        self.take_off()
        self._all = []


def step_aside(compiled: Any, core: Core, mode: Any, answers: Answers) -> Any:
    """The same function, with our mode taken off the stack while it runs."""

    @functools.wraps(compiled)
    def compile_wrapper(*args: Any, **kwargs: Any) -> Any:
        level = next((each for each in range(_depth()) if _top(each) is mode), None)
        if core.muted or level is None:
            return compiled(*args, **kwargs)
        core.log.notice(
            "Code that torch.compile compiled runs as one piece: the operations inside it are not recorded."
        )
        core.is_memory_lent = True
        answers.take_off()
        _take_out(level)
        core.local.compiled += 1
        try:
            return compiled(*args, **kwargs)
        except BaseException as error:
            hygiene.leave(error)
            raise
        finally:
            core.local.compiled -= 1
            _put_in(mode, level)
            answers.put_back()

    if hasattr(compiled, "_torchdynamo_wrapper_id"):
        # By this the compiler knows what it has compiled already from what merely wraps that.
        compile_wrapper._torchdynamo_wrapper_id = id(compile_wrapper)  # type: ignore[attr-defined]
    return compile_wrapper


def _take_out(level: int) -> None:
    """Take the mode at this level off the stack; the program's own above it stay."""
    above = [_pop() for _ in range(_depth() - level)]
    above.pop()
    for each in reversed(above):
        _push(each)


def _put_in(mode: Any, level: int) -> None:
    """Put the mode where it was, or on top where the program has taken off what was below it."""
    above = [_pop() for _ in range(_depth() - level)]
    _push(mode)
    for each in reversed(above):
        _push(each)


def _is_compiler_loaded() -> bool:
    return hasattr(sys.modules.get("torch._dynamo.eval_frame"), "_TorchDynamoContext")
