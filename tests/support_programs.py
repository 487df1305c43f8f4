"""Recordings of invented programs, written operation by operation, for tests and benchmarks that need no torch."""

import numpy as np

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import TensorRecord, record_array


class Tensor:
    """A tensor of an invented program: its number, its value, and the node that made it."""

    def __init__(self, number, value, array, node=ev.NONE, leaf=ev.NONE):
        self.number = number
        self.value = value
        self.array = array
        self.node = node
        self.leaf = leaf

    @property
    def requires_grad(self):
        return self.node != ev.NONE or self.leaf != ev.NONE


class Program:
    """Runs operations that compute nothing but shapes, and a backward pass that sends ones; events are real ones."""

    def __init__(self, source=""):
        self.source = source
        self.values = []
        self.events = [ev.SourceRead(0, "program.py", source)]
        self.nodes = []
        self.edges = []
        self.names = []
        self.leaf_nodes = {}
        self.leaf_names = []
        self.tensors = 0
        self.operations = 0
        self.passes = 0
        self.made = ([], [])
        self.grads = {}

    def value(self, array):
        record = array if isinstance(array, TensorRecord) else record_array(np.asarray(array, np.float32))
        self.values.append(record)
        return len(self.values) - 1

    def leaf(self, name, array=(1.0,)):
        number = len(self.leaf_names)
        self.leaf_names.append(name)
        array = np.asarray(array, np.float32)
        tensor = Tensor(self.tensors, self.value(array), array, leaf=number)
        self.tensors += 1
        self.events.append(ev.LeafFound(number, tensor.number, name, tensor.value, is_parameter=True))
        return tensor

    def data(self, name, array=(1.0,)):
        array = np.asarray(array, np.float32)
        tensor = Tensor(self.tensors, self.value(array), array)
        self.tensors += 1
        self.events.append(ev.NameBound(tensor.number, name))
        return tensor

    def run(
        self,
        name,
        *inputs,
        line=1,
        column=0,
        stack=None,
        module="",
        module_type="",
        cut=None,
        variable="",
        array=None,
        nodes=1,
    ):
        """Run an operation; it makes `nodes` nodes in a row, unless it is cut or no input requires grad."""
        array = inputs[0].array if array is None else np.asarray(array, np.float32)
        operation, made = self.operations, []
        self.operations += 1
        output = Tensor(self.tensors, self.value(array), array)
        self.tensors += 1
        if cut is None and any(tensor.requires_grad for tensor in inputs):
            made = self._make(name, operation, inputs, output, nodes)
        elif cut is None:
            cut = "no_input_requires_grad"
        span = ev.Span(0, line, column, line, column + 5)
        stack = (ev.Frame(span, "<module>"),) if stack is None else tuple(
            ev.Frame(ev.Span(0, at, column, at, column + 5), function) for at, function in stack
        )  # fmt: skip
        self.events.append(ev.NodesMade(tuple(self.made[0]), tuple(self.made[1])))
        self.made = ([], [])
        self.events.append(
            ev.OperationRan(
                operation, f"torch.Tensor.{name}", stack[-1].span, stack, module, module_type,
                tuple(self._use(tensor, str(place)) for place, tensor in enumerate(inputs)), (self._use(output, ""),),
                tuple(made), cut is None, cut,
            )
        )  # fmt: skip
        if variable:
            self.events.append(ev.NameBound(output.number, variable, span))
        return output

    def _make(self, name, operation, inputs, output, count):
        made = []
        targets = [self._grad_edge(tensor) for tensor in inputs]
        for place in range(count):
            node = len(self.nodes)
            title = f"{name.title()}Backward{place}"
            self.nodes.append(node)
            self.made[0].append(
                ev.Node(node, title, operation, tensor=output.number if place == count - 1 else ev.NONE)
            )
            into = targets if place == 0 else [made[-1]]
            for slot, target in enumerate(into):
                if target != ev.NONE:
                    edge = ev.Edge(node, slot, target, 0)
                    self.edges.append(edge)
                    self.made[1].append(edge)
            made.append(node)
        output.node = made[-1]
        return made

    def _grad_edge(self, tensor):
        if tensor.leaf == ev.NONE:
            return tensor.node
        if tensor.leaf not in self.leaf_nodes:
            node = len(self.nodes)
            self.nodes.append(node)
            self.made[0].append(ev.Node(node, "AccumulateGrad", leaf=tensor.leaf, tensor=tensor.number))
            self.leaf_nodes[tensor.leaf] = node
        return self.leaf_nodes[tensor.leaf]

    def _use(self, tensor, argument):
        node = tensor.node if tensor.leaf == ev.NONE else self.leaf_nodes.get(tensor.leaf, ev.NONE)
        is_leaf = tensor.node == ev.NONE
        return ev.TensorUse(tensor.number, tensor.value, node, 0, 0, tensor.requires_grad, is_leaf, argument)

    def backward(self, root, line=1, contribution=None):
        """Call every node that `root` reaches, newest first, each sending `contribution` (or a 1) on every edge."""
        number = self.passes
        self.passes += 1
        seed = self.value(np.float32(1))
        started = ev.BackwardStarted(
            number, roots=(ev.Root(root.node, 0, seed, True, root.number),), span=ev.Span(0, line)
        )
        self.events.append(started)
        out = {}
        for edge in self.edges:
            out.setdefault(edge.source, []).append(edge)
        reached, stack = {root.node}, [root.node]
        while stack:
            for edge in out.get(stack.pop(), ()):
                if edge.target not in reached:
                    reached.add(edge.target)
                    stack.append(edge.target)
        self._call(number, reached, out, seed, contribution)
        self.events.append(ev.BackwardFinished(number))
        self.leaf_nodes = {}

    def _call(self, number, reached, out, seed, contribution):
        leaf_of = {node: leaf for leaf, node in self.leaf_nodes.items()}
        value = self.value(np.float32(1)) if contribution is None else self.value(contribution)
        # A node is made after those that it leads to, except the leaves' own.
        for node in sorted(reached, key=lambda node: (node in leaf_of, -node)):
            if node in leaf_of:
                leaf = leaf_of[node]
                self.events.append(ev.NodeCalled(number, node, (value,), ()))
                before = self.grads.get(leaf, ev.NONE)
                after = self.value(np.float32(1 if before == ev.NONE else 2))
                self.events.append(ev.GradAccumulated(number, leaf, before, value, after, node))
                self.grads[leaf] = after
                continue
            count = 1 + max((edge.source_slot for edge in out.get(node, ())), default=-1)
            self.events.append(ev.NodeCalled(number, node, (seed,), (value,) * count))

    def recording(self):
        if self.made[0] or self.made[1]:
            self.events.append(ev.NodesMade(tuple(self.made[0]), tuple(self.made[1])))
            self.made = ([], [])
        batch = ev.Batch(0, tuple(self.values), (*self.events, ev.Finished("returned", 0)))
        return Recording.of([batch], ev.Program("program.py", self.source))


def chain(length):
    """x → a chain of `length` operations on one line of a loop, and a backward through it."""
    program = Program(f"y = x\nfor i in range({length}):\n    y = y * 2\ny.sum().backward()\n")
    tensor = program.leaf("x")
    for _ in range(length):
        tensor = program.run("mul", tensor, line=3)
    program.backward(program.run("sum", tensor, line=4), line=4)
    return program.recording()


def transformer(layers, parts=6, per_part=4):
    """Blocks in a ModuleList, each with `parts` modules of `per_part` operations, one weight each, and a residual."""
    source = "\n".join(
        ["class Net:", "  def forward(self, x):", "    for block in self.blocks:", "      x = block(x)", "    return x",
         "class Block:", "  def forward(self, x):"]
        + [f"    x{part} = self.part{part}(x)" for part in range(parts)] + ["    return x + y", "", "loss = net(x)"]
    )  # fmt: skip
    last = 9 + parts
    program = Program(source)
    x = program.leaf("x", [1.0, 2.0])
    for layer in range(layers):
        y = x
        for part in range(parts):
            module = f"blocks.{layer}.part{part}"
            weight = program.leaf(f"net.{module}.weight", [1.0, 2.0])
            stack = ((last + 1, "<module>"), (4, "Net.forward"), (8 + part, "Block.forward"))
            for number in range(per_part):
                inputs = (y, weight) if number == 0 else (y,)
                y = program.run(
                    ("mul", "add", "relu", "exp", "sin")[number % 5],
                    *inputs,
                    stack=stack,
                    module=module,
                    module_type="Part",
                )
        stack = ((last + 1, "<module>"), (4, "Net.forward"), (8 + parts, "Block.forward"))
        x = program.run("add", x, y, stack=stack, module=f"blocks.{layer}", module_type="Block")
    program.backward(program.run("sum", x, line=last + 1), line=last + 1)
    return program.recording()


def unrolled(steps):
    """A recurrent network: the same two weights at every step, a cell of three operations."""
    program = Program(
        "h = h0\nfor t in range(T):\n    h = cell(x[t], h)\n\ndef cell(x, h):\n    return tanh(x @ w + h @ u)\n"
    )
    w, u, h = program.leaf("w", [1.0]), program.leaf("u", [1.0]), program.leaf("h0", [0.0])
    for _ in range(steps):
        stack = ((3, "<module>"), (6, "cell"))
        left = program.run("matmul", h, w, stack=stack)
        right = program.run("matmul", h, u, stack=stack, column=8)
        h = program.run("tanh", program.run("add", left, right, stack=stack), stack=stack)
    program.backward(program.run("sum", h, line=7), line=7)
    return program.recording()


def star(leaves):
    """One operation that reads `leaves` leaves."""
    program = Program("torch.stack(leaves).sum().backward()\n")
    tensors = [program.leaf(f"leaf{number}") for number in range(leaves)]
    program.backward(program.run("stack", *tensors))
    return program.recording()
