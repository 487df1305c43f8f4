"""The tensor view: every tensor that torch has is shown, and nothing odd is hidden."""

import ml_dtypes
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from graphviz_app.recording import TensorRecord
from graphviz_app.recording.values import Sample, record_array
from graphviz_app.scene.theme import LIGHT
from graphviz_app.ui.panels.array_grid import ArrayGrid, exact
from graphviz_app.ui.panels.heat_map import HeatMap
from graphviz_app.ui.panels.histogram import bars_of
from graphviz_app.ui.panels.tensor_slice import page, sampling_text
from graphviz_app.ui.panels.tensor_text import as_numpy, as_text, description, figures, wrapped_between_parts
from graphviz_app.ui.panels.tensor_view import HEAT_MAP, HISTOGRAM, NUMBERS, TensorView
from tests.ui_panels import panel_recordings as recordings

ODD = np.array([[np.nan, np.inf], [-np.inf, 0], [1, -2]], np.float32)


@pytest.fixture
def view(qtbot):
    widget = TensorView()
    qtbot.addWidget(widget)
    widget.resize(280, 400)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def grid_of(view):
    return view.findChild(ArrayGrid).model()


@pytest.mark.parametrize(
    "array",
    [
        np.array(5.0),
        np.array([], np.float32),
        np.zeros((0, 3)),
        np.zeros((2, 0, 3)),
        np.array([1 + 2j, np.nan], np.complex64),
        np.array([True, False, True]),
        np.arange(6, dtype=np.int64),
        np.array([1, 2], ml_dtypes.bfloat16),
        np.array([1, 2], ml_dtypes.float8_e4m3fn),
        np.full((2, 2, 2, 2, 2), 1e30),
        np.array([1e-30, 1e30]),
        np.full(3, np.nan, np.float16),
        ODD,
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_every_dtype_and_shape_can_be_looked_at_in_every_tab(view, array):
    view.set_record(record_array(array))
    for tab in (NUMBERS, HEAT_MAP, HISTOGRAM):
        view._tabs.setCurrentIndex(tab)
        view.grab()
    assert str(array.dtype) in view._description.text()


def test_few_elements_are_first_seen_as_numbers_and_many_as_a_heat_map(view):
    view.set_record(record_array(np.full(4, 3, np.float32)))
    assert view.current_tab == NUMBERS
    assert [grid_of(view).index(0, column).data() for column in range(4)] == ["3"] * 4
    view.set_record(recordings.large_record())
    assert view.current_tab == HEAT_MAP


def test_the_tab_that_the_user_chose_stays(view, qtbot):
    view.set_record(record_array(np.arange(4.0)))
    bar = view._tabs.tabBar()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(HISTOGRAM).center())
    view.set_record(record_array(np.arange(500.0)))
    assert view.current_tab == HISTOGRAM


def test_an_undefined_gradient_is_not_shown_as_zeros(view):
    view.set_record(None)
    assert "not zeros" in view._hint.text()
    assert not view._tabs.isVisible()


def test_a_tensor_that_could_not_be_read_says_why(view):
    view.set_record(TensorRecord((3,), "float32", note="inside vmap"))
    assert "inside vmap" in view._hint.text()


def test_a_downsample_says_so(view):
    view.set_record(recordings.large_record())
    assert "sampled 64×64 of 4096×4096" in view._description.text()
    view._tabs.setCurrentIndex(NUMBERS)
    assert grid_of(view).headerData(1, Qt.Orientation.Horizontal) == 64


def test_the_index_boxes_choose_the_page(view):
    view.set_record(record_array(np.arange(24.0).reshape(2, 3, 2, 2)))
    view._tabs.setCurrentIndex(NUMBERS)
    first, second = view._index._boxes
    first.setValue(1)
    second.setValue(2)
    assert [grid_of(view).index(row, 0).data() for row in range(2)] == ["20", "22"]


def test_nan_and_infinities_have_colours_of_their_own_and_zero_a_mark(qtbot):
    widget = HeatMap()
    qtbot.addWidget(widget)
    widget.resize(200, 200)
    widget.set_page(page(record_array(ODD)))
    image = widget.grab().toImage()
    area = widget._area()
    colours = {}
    for row in range(3):
        for column in range(2):
            corner = widget._cell_area(area, row, column).topLeft() + QPointF(4, 4)
            colours[row, column] = image.pixelColor(corner.toPoint()).name()
    assert colours[0, 0] == LIGHT.nan
    assert colours[0, 1] == LIGHT.positive_infinity
    assert colours[1, 0] == LIGHT.negative_infinity
    assert colours[1, 1] == LIGHT.zero
    dot = image.pixelColor(widget._cell_area(area, 1, 1).center().toPoint()).name()
    assert dot != LIGHT.zero
    assert "1 NaN, 1 +Inf, 1 −Inf" in widget.accessibleDescription()


def test_a_cell_tells_its_number_by_pointer_and_by_keyboard(qtbot):
    widget = HeatMap()
    qtbot.addWidget(widget)
    widget.resize(200, 200)
    widget.set_page(page(record_array(np.arange(6.0).reshape(2, 3))))
    widget.show()
    place = widget._cell_area(widget._area(), 1, 2).center()
    qtbot.mouseMove(widget, place.toPoint())
    qtbot.waitUntil(lambda: widget.accessibleDescription() == "[…, 1, 2] = 5")
    qtbot.keyClick(widget, Qt.Key.Key_Left)
    assert widget.accessibleDescription() == "[…, 1, 1] = 4"
    assert widget.cell_at(QPointF(QPoint(5000, 5000))) is None


def test_a_long_vector_is_folded_and_its_indices_go_on():
    cells = page(record_array(np.arange(100.0)))
    from graphviz_app.ui.panels.heat_map import fold

    folded = fold(cells)
    assert folded.values.shape[0] > 1
    assert folded.place(1, 0) == f"[{folded.values.shape[1]}]"
    assert folded.values.compressed().tolist() == list(range(100))


def test_a_histogram_counts_every_element_once():
    values = np.concatenate([np.random.default_rng(1).normal(size=500), [np.nan] * 3, [np.inf], [-np.inf] * 2])
    bars = bars_of(values)
    assert sum(bar.amount for bar in bars) == values.size
    assert [(bar.name, bar.amount) for bar in bars if bar.name] == [("−Inf", 2), ("+Inf", 1), ("NaN", 3)]


@pytest.mark.parametrize("array", [np.full(9, 2.5), np.array([True, False, False]), np.array([1e308, -1e308])])
def test_a_histogram_of_equal_or_extreme_elements_is_drawn(array):
    assert sum(bar.amount for bar in bars_of(array)) == array.size


@pytest.mark.parametrize(
    "array",
    [ODD, np.arange(6).reshape(2, 3), np.array([True, False]), np.array([1 + 2j, 0]), np.zeros((0, 3), np.float32)],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_what_is_copied_as_numpy_makes_the_same_array(array):
    expression = as_numpy(record_array(array))
    made = eval(expression, {"np": np, "ml_dtypes": ml_dtypes})  # noqa: S307 - our own text, of our own test
    assert made.dtype == array.dtype
    np.testing.assert_array_equal(made, array)


def test_copying_puts_the_elements_on_the_clipboard(view):
    view.set_record(record_array(np.array([0.1, 3], np.float32)))
    view.copy_text()
    assert QApplication.clipboard().text() == "[0.1, 3. ]"
    view.copy_numpy()
    assert QApplication.clipboard().text().startswith("np.array([")


def test_a_sampled_tensor_is_copied_as_its_figures():
    assert as_numpy(recordings.large_record()) == ""
    assert "norm" in as_text(recordings.large_record())


def test_the_description_names_what_is_out_of_the_ordinary():
    record = TensorRecord((2,), "float32", device="cuda:0", layout="sparse_coo", requires_grad=True, note="x")
    assert description(record) == "(2,) · float32 · cuda:0 · sparse_coo · requires_grad"


def test_figures_of_complex_tensors_say_that_they_are_of_absolute_values():
    assert "absolute" in figures(record_array(np.array([3 + 4j, 0])))


def test_a_damaged_value_is_said_to_be_damaged(view):
    view.set_record(TensorRecord((3,), "float32", data=b"ab"))
    view.grab()
    assert "damaged" in view._figures.text()


def test_a_sample_of_one_row_keeps_its_stride():
    sample = Sample((4,), (250,), np.arange(4, dtype=np.float32).tobytes())
    record = TensorRecord((1000,), "float32", sample=sample)
    assert page(record).column_stride == 250
    assert sampling_text(record) == "sampled 4 of 1000"


def test_exact_numbers_keep_the_digits_of_their_dtype():
    assert exact(np.float32(0.1)) == "0.1"
    assert exact(np.int64(7)) == "7"


def test_lines_of_figures_break_between_figures_only():
    text = wrapped_between_parts("min -1 · mean 2e-4 · norm 3")
    assert text.split(" ") == [
        "min\N{NO-BREAK SPACE}-1\N{NO-BREAK SPACE}·",
        "mean\N{NO-BREAK SPACE}2e-4\N{NO-BREAK SPACE}·",
        "norm\N{NO-BREAK SPACE}3",
    ]
    assert wrapped_between_parts("a sentence") == "a sentence"
