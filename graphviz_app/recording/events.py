"""What can happen in a run: one closed, tagged union of events.

Numbers name things, and each kind of thing has numbers of its own, from 0 in order of first
appearance: nodes, operations, passes, leaves, tensors, values, files. A value number names a
`TensorRecord` of the recording. `NONE` stands for "there is none" where a number is expected.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from graphviz_app.recording.values import TensorRecord  # noqa: TC001 - msgspec resolves it

NONE = -1

Cut = Literal["no_grad", "inference_mode", "detach", "item", "no_input_requires_grad", "dtype", "new_tensor"]
"""Why a value went on but the graph did not.

`no_grad`: grad mode was off. `inference_mode`: likewise. `detach`: `detach`, `.data`. `item`: the value left torch
(`.item()`, `.tolist()`, `.numpy()`). `no_input_requires_grad`: nothing to differentiate. `dtype`: the output's dtype
has no gradient (integers, bool). `new_tensor`: `torch.tensor(t)` and the like copied the value alone.
"""


class Struct(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all recorded data: immutable, and compact on disk.

    Python's garbage collector does not look at it: it holds no cycles, and the traced program's own collections must
    not come more often because of what is recorded.
    """


class Span(Struct, frozen=True):
    """A place in a source file; lines from 1, columns from 0 in characters, NONE where unknown."""

    file: int
    line: int
    column: int = NONE
    end_line: int = NONE
    end_column: int = NONE


class Frame(Struct, frozen=True):
    """One call on the stack of the user's own code: where it was, and in which function."""

    span: Span
    function: str


class Round(Struct, frozen=True):
    """Which round of a loop something ran in.

    Attributes:
        depth: Which call of the stack has the loop, from 0, outermost first.
        line: The line of its `for` or `while`.
        number: Which round, from 1, of those in which torch was called.
    """

    depth: int
    line: int
    number: int


class Node(Struct, frozen=True):
    """An `torch.autograd.graph.Node`, that is a `grad_fn`.

    Attributes:
        id: Its number.
        name: `Node.name()`, such as "MulBackward0".
        operation: The operation that made it, or NONE.
        leaf: For `AccumulateGrad`: the leaf that it writes to, else NONE.
        slots: How many outputs of the forward it stands for, that is the length of `grad_outputs`.
        made_in_pass: The pass with `create_graph` that made it, or NONE.
        tensor: The tensor whose `grad_fn` it is, where it is known, or NONE.
        definition: Where a custom `autograd.Function`'s `backward` is written.
    """

    id: int
    name: str
    operation: int = NONE
    leaf: int = NONE
    slots: int = 1
    made_in_pass: int = NONE
    tensor: int = NONE
    definition: Span | None = None


class Edge(Struct, frozen=True):
    """`source.next_functions[source_slot] == (target, target_slot)`: the way gradients flow."""

    source: int
    source_slot: int
    target: int
    target_slot: int


class TensorUse(Struct, frozen=True):
    """A tensor as an operation took or gave it.

    Attributes:
        tensor: The tensor's number; the same tensor object keeps it.
        value: Its value at that moment, or NONE where it was not recorded.
        node: Its `grad_fn`'s number, an `AccumulateGrad`'s for a leaf that has one already, or NONE.
        slot: Its `output_nr`.
        version: Its version counter.
        requires_grad: As the program would have read it.
        is_leaf: As the program would have read it.
        argument: Where it stood in the call: "0", "1", "weight", "tensors[2]"; "" for an output.
    """

    tensor: int
    value: int = NONE
    node: int = NONE
    slot: int = 0
    version: int = 0
    requires_grad: bool = False
    is_leaf: bool = True
    argument: str = ""


class Root(Struct, frozen=True):
    """Where a backward pass starts: a slot of a node, with its seed (`implicit` where torch supplied the 1).

    The engine refuses a tensor that requires no gradient: then `node` is NONE.
    """

    node: int
    slot: int
    seed: int
    implicit: bool = False
    tensor: int = NONE


class HookChange(Struct, frozen=True):
    """A hook of the user's that changed a gradient on its way, or something else that did.

    Attributes:
        direction: "grad_outputs" or "grad_inputs".
        slot: Which of them.
        before: Value number before the hook.
        after: Value number after it.
        hook: The hook's qualified name; "" where none is known: the gradient was written on in place, while it was on
            its way to another node as well.
        span: Where the hook is written, if it is the user's code.
    """

    direction: str
    slot: int
    before: int
    after: int
    hook: str
    span: Span | None = None


# ---------------------------------------------------------------------------------------------
# Definitions: they name things that later events speak of, and are not steps themselves.


class SourceRead(Struct, frozen=True, tag="source"):
    """A file of the user's that ran, with its text as it was run."""

    file: int
    path: str
    text: str


class NodesMade(Struct, frozen=True, tag="nodes"):
    """Nodes and edges that the tracer met for the first time."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class LeafFound(Struct, frozen=True, tag="leaf"):
    """A leaf was met: a tensor that an `AccumulateGrad` writes to, or whose `.grad` is kept by `retain_grad`.

    `name` is the program's name for it, "leaf0", "leaf1", ... where it has none. A later event with the
    same number gives a better name. `value` is its value when it was met.
    """

    leaf: int
    tensor: int
    name: str
    value: int = NONE
    is_parameter: bool = False
    retains_grad: bool = False


class NameBound(Struct, frozen=True, tag="name"):
    """The program gave a tensor a name (`y = x + 2`, `self.h = ...`)."""

    tensor: int
    name: str
    span: Span | None = None


class Notice(Struct, frozen=True, tag="notice"):
    """Something that could not be recorded, and why, in one sentence."""

    text: str


# ---------------------------------------------------------------------------------------------
# Steps


class OperationRan(Struct, frozen=True, tag="op"):
    """One torch call of the user's program, after it returned.

    Attributes:
        operation: Its number.
        name: Qualified name, such as "torch.Tensor.add".
        span: The user's line that called it.
        stack: The calls within user code that led there, outermost first (the last is `span`'s). Of more than 128 only
            the outermost 64 and the innermost 65.
        module: Path of the innermost `nn.Module` it ran in ("blocks.3.attn"), or "".
        module_type: That module's class name, or "".
        inputs: Tensors it took.
        outputs: Tensors it gave.
        nodes: Numbers of the nodes it made, in the order in which they were made.
        grad_mode: Whether `torch.is_grad_enabled()`.
        cut: Why it made no node, or why its outputs left the graph; None where the graph goes on.
        parameters: Other arguments in words ("dim=1, keepdim=True"), shortened.
        saved: Indexes into `inputs` and, after them, `outputs`, of tensors that its nodes saved for backward; NONE
            alone where nobody could look.
        rounds: The loops around each call of the stack, outermost first; none where nobody counted.
        method: Which call of the stack is of a method of the outermost module that the program calls by itself
            (`model.training_step(batch)`), from 0, outermost first; NONE where it calls that module.
        savers: Where it made several nodes: for each of `saved` one that saved it, where that is known.
    """

    operation: int
    name: str
    span: Span | None = None
    stack: tuple[Frame, ...] = ()
    module: str = ""
    module_type: str = ""
    inputs: tuple[TensorUse, ...] = ()
    outputs: tuple[TensorUse, ...] = ()
    nodes: tuple[int, ...] = ()
    grad_mode: bool = True
    cut: Cut | None = None
    parameters: str = ""
    saved: tuple[int, ...] = ()
    rounds: tuple[Round, ...] = ()
    method: int = NONE
    savers: tuple[int, ...] = ()


class BackwardStarted(Struct, frozen=True, tag="backward"):
    """The engine starts: `backward()`, `autograd.grad()`, or a nested pass.

    Attributes:
        pass_id: The pass's number, also its position in time among all passes.
        parent: The pass in which this one was started, or NONE.
        call: What the program called: "torch.Tensor.backward", "torch.autograd.grad", ...
        roots: Where it starts.
        span: The line that called it.
        stack: The calls within user code that led there, outermost first; as an operation's.
        retain_graph: As the engine was told.
        create_graph: As the engine was told.
        accumulates: True where leaves' `.grad` is written, False for `autograd.grad`.
        inputs: Nodes that `inputs=` restricted it to, empty where it did not.
        thread: Name of the thread that called it, "" for the main one.
    """

    pass_id: int
    parent: int = NONE
    call: str = "torch.Tensor.backward"
    roots: tuple[Root, ...] = ()
    span: Span | None = None
    stack: tuple[Frame, ...] = ()
    retain_graph: bool = False
    create_graph: bool = False
    accumulates: bool = True
    inputs: tuple[int, ...] = ()
    thread: str = ""


class NodeCalled(Struct, frozen=True, tag="call"):
    """The engine executed one node once.

    `grad_outputs[slot]` came in, `grad_inputs[i]` went out on edge i; value numbers, NONE for an undefined
    gradient (None). `AccumulateGrad` has no `grad_inputs`.
    """

    pass_id: int
    node: int
    grad_outputs: tuple[int, ...]
    grad_inputs: tuple[int, ...]
    hooks: tuple[HookChange, ...] = ()


class GradAccumulated(Struct, frozen=True, tag="accumulated"):
    """A leaf's `.grad` became `before + contribution = after`; `before` is NONE where `.grad` was None."""

    pass_id: int
    leaf: int
    before: int
    contribution: int
    after: int
    node: int = NONE


class GradCleared(Struct, frozen=True, tag="cleared"):
    """A leaf's `.grad` was cleared: `after` is NONE where it became None, else the zeros."""

    leaf: int
    before: int
    after: int
    span: Span | None = None
    how: str = ""


class GradWritten(Struct, frozen=True, tag="written"):
    """A leaf's `.grad` was written by what is neither a backward pass nor a clear (clipping, `x.grad = g`)."""

    leaf: int
    before: int
    after: int
    span: Span | None = None
    how: str = ""


class LeafUpdated(Struct, frozen=True, tag="updated"):
    """A leaf's value changed (`optimizer.step()`, `with no_grad(): w -= ...`)."""

    leaf: int
    before: int
    after: int
    span: Span | None = None
    how: str = ""


class TensorMutated(Struct, frozen=True, tag="mutated"):
    """An operation wrote on a tensor in place; `operation` is NONE where it was something unseen, before the next one.

    `saved_by` are nodes that had saved the tensor, or what it is a part of, at an older version and can no longer run.
    """

    tensor: int
    operation: int
    version_before: int
    version_after: int
    span: Span | None = None
    saved_by: tuple[int, ...] = ()


class Returned(Struct, frozen=True):
    """A gradient that the engine gave back to whoever called it (`autograd.grad`), instead of running its node.

    Attributes:
        node: The node into which it would have gone.
        slot: Which of the node's `grad_outputs` it is.
        tensor: Number of the tensor whose gradient it is, NONE where a `GradientEdge` was asked for.
        value: Its value number, NONE for None: the outputs do not depend on that tensor.
        hooks: What hooks of the program's changed of it on the way.
    """

    node: int
    slot: int
    tensor: int
    value: int
    hooks: tuple[HookChange, ...] = ()


class BackwardFinished(Struct, frozen=True, tag="finished_backward"):
    """The engine returned.

    Attributes:
        pass_id: The pass's number.
        error: What it raised, in PyTorch's words, or "".
        sentence: The same in ours, where we know more than PyTorch says, or "".
        returned: The gradients that it gave back, in the order in which they were asked for; where it accumulated
            gradients instead, none.
        exception: The type's name of what it raised, "" where it raised nothing, or nobody noted it.
    """

    pass_id: int
    error: str = ""
    sentence: str = ""
    returned: tuple[Returned, ...] = ()
    exception: str = ""


class Printed(Struct, frozen=True, tag="printed"):
    """The program wrote to "stdout" or "stderr"."""

    stream: str
    text: str


class Raised(Struct, frozen=True, tag="raised"):
    """An exception ended the program.

    `exception` is the type's name, `sentence` the app's own explanation, `message` PyTorch's or Python's, `traceback`
    the whole text.
    """

    exception: str
    message: str
    sentence: str = ""
    span: Span | None = None
    stack: tuple[Frame, ...] = ()
    traceback: str = ""


class Finished(Struct, frozen=True, tag="finished"):
    """The program ended.

    `how` is "returned" (fell off the end, or raised), "exited" (`sys.exit`, `os._exit`), "stopped" (by the user)
    or "killed" (by a signal or a crash); `status` its exit status, negative for a signal.
    """

    how: str
    status: int
    sentence: str = ""


Definition = SourceRead | NodesMade | LeafFound | NameBound | Notice
StepEvent = (
    OperationRan
    | BackwardStarted
    | NodeCalled
    | GradAccumulated
    | GradCleared
    | GradWritten
    | LeafUpdated
    | TensorMutated
    | BackwardFinished
    | Printed
    | Raised
    | Finished
)
Event = Definition | StepEvent

EVENT_TYPES: tuple[type[Struct], ...] = (
    SourceRead,
    NodesMade,
    LeafFound,
    NameBound,
    Notice,
    OperationRan,
    BackwardStarted,
    NodeCalled,
    GradAccumulated,
    GradCleared,
    GradWritten,
    LeafUpdated,
    TensorMutated,
    BackwardFinished,
    Printed,
    Raised,
    Finished,
)
"""All event types; an event's position here is its `kind` in the index, so new ones go to the end."""

KIND: dict[type[Struct], int] = {event_type: number for number, event_type in enumerate(EVENT_TYPES)}
STEP_KINDS = frozenset(range(KIND[OperationRan], len(EVENT_TYPES)))
"""Kinds that are steps: a person can stop after them."""


class Program(Struct, frozen=True):
    """What was run; `module` is what followed `-m`, "" where nothing did."""

    path: str
    source: str
    arguments: tuple[str, ...] = ()
    directory: str = ""
    module: str = ""


class Environment(Struct, frozen=True):
    """With what it was run."""

    python: str
    torch: str
    graphviz_app: str
    platform: str = ""
    seed: int | None = None


class Batch(Struct, frozen=True):
    """Events in order, and the values that they speak of.

    `values` are numbered on from `first_value`; a value arrives no later than the first event that names it.
    """

    first_value: int
    values: tuple[TensorRecord, ...]
    events: tuple[Event, ...]
