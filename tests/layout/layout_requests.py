"""Requests to lay out: random ones, ones shaped like real models, and what closing a group makes of one."""

from hypothesis import strategies as st

from graphviz_app.layout.model import BoxRequest, LayoutRequest, LinkRequest

SIZES = st.sampled_from([(120.0, 44.0), (37.5, 20.25), (1500.0, 30.0), (60.0, 300.0), (90.0, 52.0)])
PORTS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
LABELS = st.sampled_from([(0.0, 0.0), (0.0, 0.0), (70.0, 18.0), (200.0, 16.0)])
GROUPS = st.sampled_from([(), (), ("a",), ("a", "x"), ("a", "y"), ("b",), ("b", "x", "deep")])


@st.composite
def requests(draw, most_boxes=14, most_links=24, directions=("TB", "LR"), acyclic=False):
    """Multigraphs with any ports, labels, nested groups, links from a box to itself, and more than one part."""
    count = draw(st.integers(0, most_boxes))
    boxes = tuple(BoxRequest(f"box{i}", *draw(SIZES), draw(GROUPS)) for i in range(count))
    links = []
    for k in range(draw(st.integers(0, most_links)) if count else 0):
        ends = draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))
        if acyclic and ends[0] == ends[1]:
            continue
        ends = (min(ends), max(ends)) if acyclic else ends
        links.append(LinkRequest(f"link{k}", *ends, draw(PORTS), draw(PORTS), *draw(LABELS)))
    return LayoutRequest(boxes, tuple(links), draw(st.sampled_from(directions)))


class Sketch:
    """A request being drawn up."""

    def __init__(self):
        self.boxes = []
        self.links = []

    def box(self, key, group=(), width=120.0, height=44.0):
        self.boxes.append(BoxRequest(f"{key}#{len(self.boxes)}", width, height, group))
        return len(self.boxes) - 1

    def link(self, source, target, source_port=0.5, target_port=0.5, label=0.0):
        size = (label, 16.0) if label else (0.0, 0.0)
        self.links.append(LinkRequest(f"link{len(self.links)}", source, target, source_port, target_port, *size))

    def request(self, direction="TB"):
        return LayoutRequest(tuple(self.boxes), tuple(self.links), direction)


def transformer(blocks, label=0.0):
    """A residual chain of blocks, each a group with an attention and a feed-forward group in it; 18 boxes a block."""
    sketch = Sketch()
    before = sketch.box("loss")
    for number in range(blocks):
        block = ("blocks", str(number))
        add = sketch.box("add", block)
        sketch.link(before, add, label=label)
        inner = sketch.box("addmm", (*block, "mlp"))
        sketch.link(add, inner, 0.7, label=label)
        outer = sketch.box("addmm", (*block, "mlp"))
        sketch.link(inner, outer, label=label)
        for name, owner in (("w1", inner), ("b1", inner), ("w2", outer), ("b2", outer)):
            sketch.link(owner, sketch.box(name, (*block, "mlp"), 70.0, 36.0), 0.8 if name[0] == "w" else 0.2)
        norm = sketch.box("norm", block)
        sketch.link(outer, norm, label=label)
        middle = sketch.box("add", block)
        sketch.link(add, middle, 0.3, 0.3, label)
        sketch.link(norm, middle, 0.5, 0.7, label)
        split = sketch.box("split", (*block, "attention"))
        heads = sketch.box("attention", (*block, "attention"))
        sketch.link(middle, heads, 0.7, label=label)
        for port in (0.2, 0.5, 0.8):
            head = sketch.box("transpose", (*block, "attention"), 90.0)
            sketch.link(heads, head, port)
            sketch.link(head, split, 0.5, port)
        before = sketch.box("identity", block)
        sketch.link(middle, before, 0.2, 0.3, label)
        sketch.link(split, before, 0.5, 0.7, label)
    sketch.link(before, sketch.box("embedding"))
    return sketch.request()


def lstm(steps, shared=False, grouped=False):
    """An unrolled LSTM cell, 20 boxes a step, its weights drawn once for all steps or once in each."""
    sketch = Sketch()
    hidden = sketch.box("loss")
    cell = None
    weights = {}
    for step in range(steps, 0, -1):
        group = (f"step {step}",) if grouped else ()

        def box(key, width=120.0, group=group):
            return sketch.box(key, group, width)

        out = box("mul")
        sketch.link(hidden, out)
        tanh, gate = box("tanh"), box("sigmoid")
        sketch.link(out, gate, 0.25)
        sketch.link(out, tanh, 0.75)
        add = box("add")
        sketch.link(tanh, add)
        if cell is not None:
            sketch.link(cell, add, 0.8)
        forget, write = box("mul"), box("mul")
        sketch.link(add, forget, 0.25)
        sketch.link(add, write, 0.75)
        split = box("split", 160.0)
        for source, port in ((forget, 0.1), (write, 0.35), (write, 0.6)):
            activation = box("activation")
            sketch.link(source, activation, 0.25)
            sketch.link(activation, split, 0.5, port)
        sketch.link(gate, split, 0.5, 0.9)
        total = box("add")
        sketch.link(split, total)
        inputs, hidden = box("addmm"), box("addmm")
        sketch.link(total, inputs, 0.25)
        sketch.link(total, hidden, 0.75)
        for name, owner in (("w_ih", inputs), ("b_ih", inputs), ("w_hh", hidden), ("b_hh", hidden)):
            if not shared or name not in weights:
                weights[name] = sketch.box(name, () if shared else group, 70.0, 36.0)
            sketch.link(owner, weights[name], 0.8)
        cell = forget
    sketch.link(hidden, sketch.box("h0"))
    sketch.link(cell, sketch.box("c0"), 0.8)
    return sketch.request()


def star(leaves, width=90.0, feeds=True):
    """A hub and its leaves."""
    sketch = Sketch()
    hub = sketch.box("hub", (), 200.0)
    for number in range(leaves):
        leaf = sketch.box("leaf", (), width, 36.0)
        port = (number + 0.5) / leaves
        if feeds:
            sketch.link(hub, leaf, port)
        else:
            sketch.link(leaf, hub, 0.5, port)
    return sketch.request()


def chain(length):
    """One box after the other."""
    boxes = tuple(BoxRequest(f"box{i}", 120.0, 44.0) for i in range(length))
    return LayoutRequest(boxes, tuple(LinkRequest(f"link{i}", i, i + 1) for i in range(length - 1)))


def closed(request, path):
    """The request with the group at `path` as one box; links between the same two ends become one."""
    inside = [box.group[: len(path)] == path for box in request.boxes]
    boxes, number = [], {}
    for i, box in enumerate(request.boxes):
        if not inside[i]:
            number[i] = len(boxes)
            boxes.append(box)
        else:
            number[i] = number.setdefault("group", len(boxes))
            if number[i] == len(boxes):
                boxes.append(BoxRequest("group:" + "/".join(path), 160.0, 56.0, path[:-1]))
    links, seen = [], set()
    for link in request.links:
        ends = number[link.source], number[link.target]
        if inside[link.source] or inside[link.target]:
            if ends[0] == ends[1] or ends in seen:
                continue
            seen.add(ends)
        links.append(link._replace(source=ends[0], target=ends[1]))
    return LayoutRequest(tuple(boxes), tuple(links), request.direction)


def hub(twigs, feeds=True, label=0.0):
    """A hub with twigs of one to four boxes, some of which carry a second source."""
    sketch = Sketch()
    middle = sketch.box("stack", (), 220.0)
    for number in range(twigs):
        product = sketch.box("mul")
        port = (number + 0.5) / twigs
        sketch.link(*((middle, product, port, 0.5) if feeds else (product, middle, 0.5, port)), label)
        for name in ("x", "w", "b")[: number % 4]:
            leaf = sketch.box(name, (), 60.0, 36.0)
            sketch.link(*((product, leaf) if feeds else (leaf, product)), label=label if number % 5 == 0 else 0.0)
    sketch.link(*((sketch.box("loss"), middle) if feeds else (middle, sketch.box("sum"))))
    return sketch.request()
