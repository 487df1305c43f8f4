import pytest

from graphviz_app.recording import events as ev
from graphviz_app.scene.caption import caption
from graphviz_app.timeline import Timeline
from tests.support_synthetic import Script

LINE = ev.Span(0, 3)


def told(*events, values=()):
    """What is said of the last of some events."""
    script = Script()
    script.add(ev.SourceRead(0, "program.py", "a\nb\nc\n"))
    for value in values:
        script.value(*value)
    script.add(ev.LeafFound(0, 0, "w", 0 if values else ev.NONE))
    script.add(*events)
    timeline = Timeline(script.recording())
    return caption(timeline.state(timeline.step_count))


RAN = ev.OperationRan(0, "torch.Tensor.mul", LINE, outputs=(ev.TensorUse(1, 1),), nodes=(0,))
MUL = ev.NodesMade(
    (ev.Node(0, "MulBackward0", operation=0, tensor=1), ev.Node(1, "AccumulateGrad", leaf=0)), (ev.Edge(0, 0, 1, 0),)
)
SECOND = ev.TensorUse(2, 0)
LEAF = ev.TensorUse(2, 0, requires_grad=True)
OTHER_LEAF = ev.TensorUse(3, 0, requires_grad=True)
NOWHERE = ev.Root(ev.NONE, 0, ev.NONE, implicit=True, tensor=1)


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (
            [MUL, ev.NameBound(1, "y"), RAN],
            "mul gave y = [2]; autograd made MulBackward0, line 3.",
        ),
        (
            [ev.OperationRan(0, "torch.Tensor.mul", LINE, outputs=(ev.TensorUse(1, 1),), cut="no_grad")],
            "mul gave [2]; autograd made no node (grad mode is off), line 3.",
        ),
        (
            [MUL, ev.NameBound(1, "y"), RAN, ev.OperationRan(1, "torch.split", outputs=(*RAN.outputs, SECOND))],
            "split gave y = [2] and [1]; autograd made no node.",
        ),
        (
            [ev.OperationRan(0, "torch.ones", LINE, outputs=(LEAF,))],
            "ones gave [1]; autograd made no node (it is a leaf), line 3.",
        ),
        (
            [ev.OperationRan(0, "torch.Tensor.sub_", LINE, inputs=(LEAF,), outputs=(LEAF,), grad_mode=False)],
            "sub_ gave [1]; autograd made no node (grad mode is off), line 3.",
        ),
        (
            [ev.OperationRan(0, "torch.Tensor.t", LINE, inputs=(LEAF,), outputs=(OTHER_LEAF,), grad_mode=False)],
            "t gave [1]; autograd made no node (grad mode is off), line 3.",
        ),
        (
            [ev.OperationRan(0, "torch.Tensor.__getitem__", LINE)],
            "getitem; autograd made no node, line 3.",
        ),
        (
            [ev.OperationRan(0, "__main__.Square.apply", LINE)],
            "Square.apply; autograd made no node, line 3.",
        ),
        (
            [MUL, ev.BackwardStarted(0, roots=(ev.Root(0, 0, 0, implicit=True),), span=LINE)],
            "backward() starts pass 1 at MulBackward0 with the implicit seed [1], line 3.",
        ),
        (
            [MUL, ev.NameBound(1, "y"), ev.BackwardStarted(0, roots=(NOWHERE,), span=LINE)],
            "backward() starts pass 1 at y, which requires no grad, line 3.",
        ),
        (
            [MUL, ev.BackwardStarted(0), ev.BackwardStarted(1, parent=0, roots=(ev.Root(0, 0, 0),), span=LINE)],
            "backward() starts pass 1.1 within another pass at MulBackward0 with the seed [1], line 3.",
        ),
        (
            [ev.BackwardStarted(0), ev.BackwardStarted(1, parent=0), ev.BackwardStarted(2), ev.BackwardFinished(2)],
            "Pass 2 has finished.",
        ),
        ([MUL, ev.NodeCalled(0, 0, (0,), (1,))], "MulBackward0 received [1] and sends [2] to w (AccumulateGrad)."),
        (
            [MUL, ev.NodeCalled(0, 0, (0,), (ev.NONE,))],
            "MulBackward0 received [1] and sends None to w (AccumulateGrad).",
        ),
        ([MUL, ev.NodeCalled(0, 1, (1,), ())], "w (AccumulateGrad) received [2]."),
        ([ev.GradAccumulated(0, 0, ev.NONE, 0, 0)], "w.grad: None + [1] = [1]."),
        (
            [ev.GradCleared(0, 1, ev.NONE, LINE, "SGD.zero_grad")],
            "w.grad was cleared by SGD.zero_grad: [2] became None, line 3.",
        ),
        ([ev.GradWritten(0, 1, 0, LINE)], "w.grad was written: [2] became [1], line 3."),
        ([ev.LeafUpdated(0, 0, 1, LINE, "SGD.step")], "w was updated by SGD.step: [1] became [2], line 3."),
        (
            [MUL, ev.NameBound(1, "y"), ev.TensorMutated(1, 0, 0, 1, LINE, (0,))],
            "y was changed in place (version 0 became 1), line 3. "
            "MulBackward0 had saved the old one and can no longer run backward.",
        ),
        ([ev.BackwardStarted(0), ev.BackwardFinished(0)], "Pass 1 has finished."),
        ([ev.BackwardStarted(0), ev.BackwardFinished(0, "boom")], "Pass 1 ended with an error: boom"),
        (
            [ev.BackwardStarted(0), ev.BackwardFinished(0, "boom", "`y` was written on.")],
            "Pass 1 ended with an error: `y` was written on.",
        ),
        ([ev.Printed("stdout", "hello\n")], "The program printed: hello"),
        ([ev.Raised("RuntimeError", "boom", "It is over.", LINE)], "RuntimeError, line 3: It is over."),
        ([ev.Finished("returned", 0)], "The program has ended."),
    ],
)  # fmt: skip
def test_every_kind_of_step_is_told_in_a_sentence(events, sentence):
    assert told(*events, values=[(1,), (2,)]) == sentence


def test_before_the_first_step_nothing_has_run():
    assert caption(Timeline(Script().recording()).state(0)) == "Before the first step: nothing has run yet."


def test_a_node_that_sends_to_many_is_told_in_short():
    nodes = (ev.Node(0, "SplitBackward0"), *(ev.Node(number, "AccumulateGrad", leaf=0) for number in range(1, 9)))
    edges = tuple(ev.Edge(0, number - 1, number, 0) for number in range(1, 9))
    text = told(ev.NodesMade(nodes, edges), ev.NodeCalled(0, 0, (0,) * 5, (0,) * 8), values=[(1,)])
    assert text == (
        "SplitBackward0 received [1] and [1] and [1] and 2 more and sends [1] to w (AccumulateGrad) "
        "and [1] to w (AccumulateGrad) and [1] to w (AccumulateGrad) and 5 more."
    )


def test_a_line_of_another_file_is_named_with_the_file():
    script = Script()
    script.add(ev.SourceRead(0, "program.py", ""), ev.SourceRead(1, "lib/model.py", ""))
    script.add(ev.OperationRan(0, "torch.Tensor.mul", ev.Span(1, 7)))
    assert caption(Timeline(script.recording()).state(1)) == "mul; autograd made no node, model.py line 7."
