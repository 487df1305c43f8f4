"""The inspector: the right facts about what is selected, and its widgets."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton

from graphviz_app.graph.cache import structure_of
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.timeline import Timeline
from graphviz_app.ui.panels.fact_section import SectionWidget
from graphviz_app.ui.panels.facts import Code, Fact, Formula, Page, Paragraph, Value
from graphviz_app.ui.panels.facts_flow import cut_text
from graphviz_app.ui.panels.facts_page import page_of
from graphviz_app.ui.panels.formula_press import FormulaPress, draw
from graphviz_app.ui.panels.formula_view import FormulaView, plain
from graphviz_app.ui.panels.inspector import Inspector
from tests.support_programs import unrolled
from tests.support_record import record_source
from tests.ui_panels import panel_recordings as recordings


@pytest.fixture
def timeline():
    return Timeline(recordings.training(3))


@pytest.fixture
def inspector(qtbot):
    widget = Inspector()
    qtbot.addWidget(widget)
    widget.resize(280, 700)
    with qtbot.waitExposed(widget):
        widget.show()
    yield widget
    widget.close_press()


def rows(page, title):
    return next(section.rows for section in page.sections if section.title.startswith(title))


def texts(page, title):
    return [row.text for row in rows(page, title) if isinstance(row, Fact | Paragraph)]


def values(page, title):
    return [row for row in rows(page, title) if isinstance(row, Value)]


def title(inspector):
    return inspector.page.title if inspector.page else ""


def section(inspector, title):
    return next(
        widget
        for widget in inspector.findChildren(SectionWidget)
        if widget.title.startswith(title) and not widget.isHidden()
    )


# -- facts ------------------------------------------------------------------------------------------


def test_a_node_tells_its_operation_line_module_and_variable(timeline):
    page = page_of(timeline.state(5), ("node", 0))
    assert page.title == "MulBackward0"
    assert page.subtitle == "runs now"
    assert "mul" in texts(page, "Node")
    assert "5: loss = (w * 3).sum()" in texts(page, "Node")
    assert "head" in texts(page, "Node")
    assert any(isinstance(row, Formula) for row in rows(page, "Formula"))


def test_a_node_tells_the_round_of_the_loop_and_the_modules_it_is_within():
    recording = unrolled(4)
    timeline = Timeline(recording)
    state = timeline.state(timeline.chapters[0].last_step)
    nodes = [node for node in range(len(recording.index.nodes)) if recording.index.nodes.leaf[node] == ev.NONE]
    assert not any(text.startswith("iteration") for text in texts(page_of(state, ("node", nodes[-1])), "Node"))
    structure_of(recording, timeline, state.chapter)
    found = {text for node in nodes for text in texts(page_of(state, ("node", node)), "Node")}
    assert {text.split(" › ")[0] for text in found if text.startswith("iteration")} == {
        f"iteration {number}" for number in (1, 2, 3, 4)
    }


def test_a_group_tells_how_far_it_is_what_crossed_its_border_and_its_leaves():
    recording = record_source(
        "import torch\nnn = torch.nn\nnet = nn.Sequential(nn.Linear(2, 2), nn.ReLU())\n"
        "net(torch.ones(1, 2)).sum().backward()\n"
    )
    timeline = Timeline(recording)
    chapter = timeline.chapters[0]
    groups = structure_of(recording, timeline, chapter).grouping.groups
    path = next(path for path, group in groups.items() if group.subtitle == "Linear")
    first = page_of(timeline.state(timeline.step_of_event(recording.passes[0].start)), ("group", path))
    assert texts(first, "Comes in") == ["Nothing yet in this pass."]
    page = page_of(timeline.state(chapter.last_step), ("group", path))
    assert (page.title, page.subtitle) == (groups[path].title, "Linear")
    assert texts(page, "Group")[-1] == "2 of 2 have run in this pass"
    (came,) = values(page, "Comes in")
    assert came.name == "ReluBackward0 to AddmmBackward0"
    assert [row.name for row in values(page, "Leaves")] == ["net.0.weight.grad", "net.0.bias.grad"]
    assert page_of(timeline.state(chapter.last_step), ("group", ("no such",))) is not None


def test_a_node_tells_what_came_in_what_went_out_and_what_was_saved(timeline):
    page = page_of(timeline.state(5), ("node", 0))
    assert [row.record.numel for row in values(page, "Received")] == [4]
    assert values(page, "Sends")[0].target == ("edge", 1)
    assert "to AccumulateGrad (w)" in values(page, "Sends")[0].name
    assert len(values(page, "Saved")) == 1


def test_a_node_that_has_not_run_says_that_it_waits(timeline):
    page = page_of(timeline.state(3), ("node", 0))
    assert "waits" in page.subtitle
    assert "Nothing has arrived yet." in texts(page, "Received")
    assert page_of(timeline.state(0), ("node", 0)).subtitle == "is not made yet"


def test_without_a_selection_it_is_about_what_runs_now(timeline):
    assert page_of(timeline.state(5), ()).title == "MulBackward0"
    assert page_of(timeline.state(7), ()).title == "w"
    assert page_of(timeline.state(1), ()).title == "mul"
    assert page_of(timeline.state(0), ()) is None
    assert "starts backward pass 1" in page_of(timeline.state(3), ()).subtitle


def test_a_leaf_tells_its_value_its_grad_and_its_story(timeline):
    page = page_of(timeline.state(11), ("leaf", 0))
    assert np.frombuffer(values(page, ".grad")[0].record.data, np.float32).tolist() == [0] * 4
    story = [row for row in rows(page, "What happened") if isinstance(row, Fact)]
    assert [row.step for row in story] == [11, 9, 7, 18]
    assert story[2].text == "None + [3, 3, 3, 3] = [3, 3, 3, 3]"


def test_an_accumulate_grad_node_is_shown_with_its_leaf(timeline):
    page = page_of(timeline.state(6), ("node", 2))
    assert page.title == "w (AccumulateGrad)"
    assert {"Leaf", ".grad", "Received: grad_outputs"} <= {one.title for one in page.sections}


def test_an_edge_tells_where_from_where_to_and_what_travelled(timeline):
    before, after = page_of(timeline.state(4), ("edge", 1)), page_of(timeline.state(5), ("edge", 1))
    assert "Nothing has travelled" in texts(before, "Travelled")[0]
    assert values(after, "Travelled")[0].record.numel == 4
    assert [row.target for row in rows(after, "Edge")] == [("node", 0), ("node", 2)]


def test_a_line_lists_its_operations_below_what_happens_now(timeline):
    page = page_of(timeline.state(5), ("line", 0, 5))
    assert page.title == "MulBackward0"
    assert [row.target for row in rows(page, "Line 5")] == [("node", 1), ("node", 0)]


@pytest.mark.parametrize(
    "selection", [("node", 999), ("edge", -3), ("leaf", 42), ("operation", 999), ("group", "head"), ("line", 7, 1)]
)
def test_a_selection_that_is_not_there_is_as_good_as_none(timeline, selection):
    assert page_of(timeline.state(5), selection) == page_of(timeline.state(5), ())


def fan_in():
    """x * x: both contributions meet in one node."""
    writer = recordings.Writer()
    writer.add(ev.SourceRead(0, "program.py", "y = x * x\n"))
    nodes = (ev.Node(0, "MulBackward0", operation=0), ev.Node(1, "ExpBackward0"))
    writer.add(ev.NodesMade(nodes, (ev.Edge(0, 0, 1, 0), ev.Edge(0, 1, 1, 0))))
    one, two, three = (writer.value([number]) for number in (1, 2, 3))
    hook = ev.HookChange("grad_inputs", 0, two, one, "double", ev.Span(0, 1))
    writer.add(
        ev.BackwardStarted(0, roots=(ev.Root(0, 0, one),), span=ev.Span(0, 1)),
        ev.NodeCalled(0, 0, (one,), (one, two), (hook,)),
        ev.NodeCalled(0, 1, (three,), ()),
        ev.BackwardFinished(0),
    )
    return Timeline(writer.recording())


def test_where_contributions_meet_each_arrival_is_shown_and_then_the_sum():
    page = page_of(fan_in().state(3), ("node", 1))
    names = [row.name for row in values(page, "Received")]
    assert names == ["from MulBackward0", "from MulBackward0", "sum = grad_output"]
    waiting = page_of(fan_in().state(2), ("node", 1))
    assert len(values(waiting, "Received")) == 2


def test_a_hook_that_changed_a_gradient_shows_before_and_after():
    page = page_of(fan_in().state(2), ("node", 0))
    assert "double changed grad_inputs[0]" in texts(page, "Changed by hooks")
    assert [row.name for row in values(page, "Changed by hooks")] == ["before", "after"]
    edge = page_of(fan_in().state(2), ("edge", 0))
    assert "before hook double" in [row.name for row in values(edge, "Travelled")]


def test_a_custom_function_shows_the_lines_of_its_backward():
    writer = recordings.Writer()
    writer.add(ev.SourceRead(0, "program.py", "class F:\n    def backward(ctx, g):\n        return g\n"))
    node = ev.Node(0, "FBackward", definition=ev.Span(0, 2, 4, 3, 16))
    writer.add(ev.NodesMade((node,), ()), ev.Finished("returned", 0))
    timeline = Timeline(writer.recording())
    code = next(row for row in rows(page_of(timeline.state(1), ("node", 0)), "Source") if isinstance(row, Code))
    assert code == Code("    def backward(ctx, g):\n        return g", 2)


@pytest.mark.parametrize("cut", ev.Cut.__args__)
def test_every_cut_has_a_sentence(cut):
    assert cut_text(cut).endswith(".")


# -- widgets ----------------------------------------------------------------------------------------


def test_nothing_run_and_nothing_selected_show_hints(qtbot, inspector, timeline):
    assert "Run a program" in inspector._subtitle.text()
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(0))
    qtbot.waitUntil(lambda: "Select a node" in inspector._subtitle.text())


def test_the_signs_that_open_and_close_grow_with_the_text(qtbot, inspector, timeline):
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    font = inspector.font()
    font.setPixelSize(40)
    inspector.setFont(font)
    header = section(inspector, "Node")._header
    assert header.iconSize().height() == header.fontMetrics().height() > 40
    opened = header.icon().cacheKey()
    header.click()
    assert header.icon().cacheKey() != opened


def test_following_a_link_asks_for_a_selection_or_a_step(qtbot, inspector, timeline):
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    line = next(row for _, row in section(inspector, "Node")._rows if "5:" in row.accessibleName())
    with qtbot.waitSignal(inspector.selection_requested) as asked:
        line._text.linkActivated.emit("go")
    assert asked.args == [("line", 0, 5)]
    inspector.set_selection(("leaf", 0))
    inspector.set_state(timeline.state(11))
    qtbot.waitUntil(lambda: title(inspector) == "w")
    first = section(inspector, "What happened")._rows[0][1]
    with qtbot.waitSignal(inspector.step_requested) as step:
        first._text.linkActivated.emit("go")
    assert step.args == [11]


def test_sections_that_were_closed_stay_closed(qtbot, inspector, timeline):
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    closed = section(inspector, "Received")
    qtbot.mouseClick(closed.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert not closed.is_open
    inspector.set_state(timeline.state(4))
    qtbot.waitUntil(lambda: title(inspector) == "SumBackward0")
    assert not section(inspector, "Received").is_open


def test_a_value_opens_in_place_and_stays_open(qtbot, inspector, timeline):
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    row = section(inspector, "Received")._rows[0][1]
    qtbot.mouseClick(row._arrow, Qt.MouseButton.LeftButton)
    assert row._view.isVisible()
    inspector.set_state(timeline.state(4))
    qtbot.waitUntil(lambda: title(inspector) == "SumBackward0")
    assert section(inspector, "Received")._rows[0][1]._arrow.isChecked()


def test_a_hidden_inspector_does_nothing_until_it_is_shown(inspector, timeline):
    inspector.hide()
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    assert not inspector._soon.isActive()
    inspector.show()
    assert title(inspector) == "MulBackward0"


@pytest.mark.parametrize("zoom", [0.8, 1.0, 2.5])
def test_nothing_is_wider_than_a_narrow_panel(qtbot, inspector, zoom):
    font = inspector.font()
    font.setPointSizeF(font.pointSizeF() * zoom)
    inspector.setFont(font)
    timeline = Timeline(recordings.large())
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    assert inspector.widget().minimumSizeHint().width() <= inspector.viewport().width()


def test_every_label_is_as_high_as_its_text_at_its_width(qtbot, inspector, timeline):
    font = inspector.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    inspector.setFont(font)
    inspector.set_recording(timeline.recording, timeline)
    inspector.set_state(timeline.state(5))
    qtbot.waitUntil(lambda: title(inspector) == "MulBackward0")
    labels = [label for label in inspector.findChildren(QLabel) if label.isVisible() and label.text()]
    assert len(labels) > 8
    qtbot.waitUntil(lambda: all(label.height() >= label.heightForWidth(label.width()) for label in labels))


def test_a_long_name_is_broken_where_its_words_begin(qtbot):
    inspector = Inspector()
    qtbot.addWidget(inspector)
    inspector.resize(300, 400)
    inspector.show()
    inspector._show(Page("MulBackward0", "runs now", ()))
    line = inspector._title.heightForWidth(200)
    assert "\u200b" not in inspector._title.text()
    inspector._show(Page("ScaledDotProductFlashAttentionForCpuBackward0", "runs now", ()))
    assert inspector._title.heightForWidth(200) > line
    inspector.close_press()


def test_a_formula_is_text_first_and_a_drawing_soon(qtbot):
    press = FormulaPress()
    view = FormulaView(press)
    qtbot.addWidget(view)
    view.resize(250, 60)
    view.show()
    view.set_latex(r"\frac{\partial L}{\partial x} = g \cdot x_2")
    assert not view.is_drawn
    assert view.accessibleName() == "Formula: (∂ L)/(∂ x) = g · x_2"
    qtbot.waitUntil(lambda: view.is_drawn, timeout=20_000)
    image = view.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, 250, 2) for y in range(0, view.height(), 2)}
    assert len(colours) > 2
    press.close()


def test_numbers_that_do_not_fit_beside_each_other_stand_below_each_other(qtbot):
    press = FormulaPress()
    view = FormulaView(press)
    qtbot.addWidget(view)
    numbers = r"\left[3.33,\; 3.33,\; 3.33,\; 3.33\right]"
    view.resize(700, 60)
    view.show()
    view.set_latex(rf"{numbers} \cdot {numbers} = {numbers}")
    qtbot.waitUntil(lambda: view.is_drawn, timeout=20_000)
    one = view.heightForWidth(700)
    view.resize(200, 60)
    qtbot.waitUntil(lambda: view.heightForWidth(200) > 2 * one, timeout=20_000)
    image = view.grab().toImage()
    edge = {image.pixelColor(199, y).name() for y in range(view.height())}
    assert len(edge) == 1, "nothing is cut off"
    view.resize(700, 60)
    assert view.heightForWidth(700) == one
    press.close()


def test_a_formula_that_cannot_be_drawn_stays_text():
    assert draw(r"\frac{1") == "" or draw(r"\frac{1").startswith("<svg")
    assert plain(r"\sqrt{x} \odot \text{grad}") == "√(x) ⊙ grad"


ASKED_FOR = """import torch

def double(grad):
    return grad * 2

w = torch.ones(2, requires_grad=True)
u = torch.ones(2, requires_grad=True)
h = w * 3
w.register_hook(double)
torch.autograd.grad(h.sum(), [w, u], allow_unused=True)
torch.autograd.grad((w * 5).exp().sum(), h, allow_unused=True)
torch.autograd.grad((h * 7).sum(), h)
"""


def test_what_a_pass_gives_back_stands_with_the_leaf_or_node_that_was_asked_for():
    timeline = Timeline(record_source(ASKED_FOR))
    recording = timeline.recording
    ends = [step for step in range(timeline.step_count + 1) if isinstance(timeline.event(step), ev.BackwardFinished)]
    leaves = {summary.name: summary.leaf for summary in recording.leaves}
    first = timeline.state(ends[0])
    page = page_of(first, ("leaf", leaves["w"]))
    given = values(page, "Given back")
    assert [(row.name, elements(row.record).tolist()) for row in given] == [
        ("by pass 1", [6, 6]), ("before", [3, 3]), ("after", [6, 6])
    ]  # fmt: skip
    assert texts(page, "Given back")[0] == "double changed grad_outputs[0]"
    assert texts(page_of(first, ("leaf", leaves["u"])), "Given back") == [
        "None by pass 1: what it started from does not depend on it."
    ]
    before = page_of(timeline.state(ends[0] - 1), ("leaf", leaves["w"]))
    assert not any(section.title == "Given back" for section in before.sections)
    last = timeline.state(ends[2])
    [wanted] = last.returned
    page = page_of(last, ("node", wanted.node))
    assert page.subtitle == "did not run: its gradient was asked for"
    assert [elements(row.record).tolist() for row in values(page, "Given back")] == [[7, 7]]


def test_what_an_operation_wrote_on_is_not_said_to_have_been_none():
    timeline = Timeline(record_source("import torch\nw = torch.nn.Linear(1, 1)\n"))
    pages = [page_of(timeline.state(step), ()) for step in range(1, timeline.step_count)]
    page = next(page for page in pages if page is not None and page.title == "uniform_")
    before, after = rows(page, "Values")
    assert (before.name, before.text) == (
        "input 0: w.weight",
        "what it held before this wrote on it is not recorded",
    )
    assert isinstance(after, Value)
    assert after.record is not None
    assert page.subtitle == "ran while grad mode was off"


def test_a_long_sentence_about_an_error_is_there_to_its_end():
    timeline = Timeline(record_source("import torch\ntorch.ones(3) * torch.ones(4)\n"))
    state = next(
        state for step in range(timeline.step_count) if isinstance((state := timeline.state(step)).event, ev.Raised)
    )
    assert page_of(state, ()).subtitle.endswith(state.event.sentence)


def test_what_does_not_run_in_a_pass_waits_for_nothing_when_it_is_over():
    source = "import torch\nw = torch.ones(2, requires_grad=True)\nw.tan().sum().item()\nw.exp().sum().backward()\n"
    timeline = Timeline(record_source(source))
    names = timeline.recording.index.nodes
    [node] = [node for node in range(len(names)) if names.name(node) == "TanBackward0"]
    [edge] = timeline.edges_out_of.of(node).tolist()
    during, after = (timeline.state(step) for step in (timeline.next_pass(0), timeline.step_count))
    assert page_of(during, ("node", node)).subtitle == "waits for its gradient"
    page = page_of(after, ("node", node))
    assert page.subtitle == "does not run in this pass"
    assert texts(page, "Received") == ["Nothing arrives in this pass."]
    assert texts(page, "Sends") == ["It does not run in this pass."]
    assert "It does not run in this pass." in texts(page, "In words")
    assert "It has not run yet." in texts(page_of(during, ("node", node)), "In words")
    assert page_of(after, ("edge", edge)).subtitle == "carries nothing in this pass"


def test_a_gradient_that_has_arrived_is_shown_before_the_node_runs():
    source = "import torch\nw = torch.ones(2, requires_grad=True)\nx = w.exp()\n(x.tan().sum() + x.sum()).backward()\n"
    timeline = Timeline(record_source(source))
    nodes = {timeline.recording.index.nodes.name(node): node for node in range(len(timeline.recording.index.nodes))}
    start = timeline.next_pass(0)
    page = page_of(timeline.state(start), ("node", nodes["AddBackward0"]))
    assert page.subtitle == "has its whole gradient, and runs when its turn comes"
    assert [value.name for value in values(page, "Received")] == ["seed"]
    before_tan = timeline.state(timeline.next_call_of(start, nodes["TanBackward0"]) - 1)
    [value] = values(page_of(before_tan, ("node", nodes["TanBackward0"])), "Received")
    assert value.name == "from SumBackward0"
    assert elements(value.record).tolist() == [1, 1]
    page = page_of(before_tan, ("node", nodes["ExpBackward0"]))
    assert page.subtitle == "is receiving: it runs when all contributions have arrived"
    assert texts(page, "Received") == ["1 of 2 contributions so far."]


def test_what_is_sent_none_is_not_said_to_receive_a_gradient():
    source = (
        "import torch\nv, w = (torch.ones(2, requires_grad=True) for _ in range(2))\n"
        "torch.autograd.grad((v.exp() * w.tan()).sum(), [w])\n"
    )
    timeline = Timeline(record_source(source))
    names = timeline.recording.index.nodes
    nodes = {names.name(node): node for node in range(len(names))}
    after = timeline.state(timeline.step_count)
    assert page_of(after, ("node", nodes["ExpBackward0"])).subtitle == "was sent None: it does not run in this pass"
    [edge] = timeline.edges_into.of(nodes["ExpBackward0"]).tolist()
    assert page_of(after, ("edge", edge)).subtitle == "has carried None: no gradient"
    during = timeline.state(timeline.next_call_of(0, nodes["MulBackward0"]))
    assert page_of(during, ("node", nodes["ExpBackward0"])).subtitle == "was sent None so far"
    assert page_of(during, ("node", nodes["TanBackward0"])).subtitle.startswith("has its whole gradient")


def test_a_step_about_no_node_says_what_else_is_shown(timeline):
    page = page_of(timeline.state(timeline.step_count), ())
    assert page.title == "Step"
    assert texts(page, "What else")[0].startswith("Select a node")


def test_a_pass_tells_how_it_was_started_also_when_its_line_is_selected_later():
    source = (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp()\n"
        "y.backward(torch.tensor([1.0, 2.0]), retain_graph=True)\n"
        "torch.autograd.grad(y.sum(), x, create_graph=True)\n"
    )
    timeline = Timeline(record_source(source))
    first = timeline.next_pass(0)
    page = page_of(timeline.state(first), ())
    assert "True: what the graph saved is kept for another pass" in texts(page, "Backward pass 1")
    [seed] = values(page, "Starts from")
    assert (seed.name, seed.note, elements(seed.record).tolist()) == ("seed of y", "", [1, 2])
    second = timeline.state(timeline.next_pass(first))
    page = page_of(second, ())
    assert "It writes no .grad: the gradients are given back to the caller." in texts(page, "Backward pass 2")
    assert "(x)" in " ".join(texts(page, "Backward pass 2"))
    assert values(page, "Starts from")[0].note == "implicit"
    page = page_of(timeline.state(timeline.step_count), ("line", 0, 5))
    assert "grad()" in texts(page, "Backward pass 2")
