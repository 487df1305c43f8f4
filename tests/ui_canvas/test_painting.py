import numpy as np
import pytest
from canvas_pixels import array_of
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage, QPainter

from graphviz_app.scene.measure import text_width
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Text
from graphviz_app.ui.painting import ShapePainter, colour, paint_image, shapes_bounds, text_left

WHITE, BLACK = "#ffffff", "#000000"


def painted(*shapes, size=(200, 100), scale=1.0):
    return array_of(paint_image(shapes, (0.0, 0.0, *size), scale, WHITE))


def inked(picture):
    """Left, top, right, bottom of all that is not white."""
    ys, xs = np.nonzero((picture < 200).any(axis=2))
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@pytest.fixture(autouse=True)
def application(qapp):
    """Fonts need one."""


def test_a_colour_has_its_alpha_at_the_end():
    assert colour("#10203040").getRgb() == (0x10, 0x20, 0x30, 0x40)
    assert colour("#102030").getRgb() == (0x10, 0x20, 0x30, 255)


def test_a_box_is_filled_and_has_a_border():
    picture = painted(Rectangle(20, 10, 100, 50, 0.0, "#ff0000", "#0000ff", 4.0))
    assert picture[35, 70].tolist() == [255, 0, 0]
    assert picture[35, 20].tolist() == [0, 0, 255]
    assert inked(picture) == (18, 8, 122, 62)


def test_a_box_without_filling_shows_what_is_beneath():
    picture = painted(Rectangle(0, 0, 200, 100, 0.0, "#00ff00"), Rectangle(20, 10, 100, 50, 9.0, None, "#000000"))
    assert picture[35, 70].tolist() == [0, 255, 0]


@pytest.mark.parametrize(("anchor", "left"), [("start", 100), ("middle", 64), ("end", 28)])
def test_a_text_stands_as_its_anchor_says(anchor, left):
    text = Text(100, 50, "HHHHHHHHHH", 12.0, "#000000", anchor=anchor)
    assert text_left(text) == left
    found = inked(painted(text))
    assert found[0] == pytest.approx(left, abs=2)
    assert found[2] == pytest.approx(left + 72, abs=2)


@pytest.mark.parametrize("scale", [0.5, 0.77, 1.0, 1.9, 3.0])
@pytest.mark.parametrize("bold", [False, True])
def test_a_text_is_as_wide_as_the_scene_measured_at_every_scale(scale, bold):
    text = Text(5, 50, "H" * 20, 11.5, "#000000", bold)
    left, _, right, _ = inked(painted(text, scale=scale))
    assert (right - left) / scale == pytest.approx(text_width(text.text, 11.5), abs=4)


def test_arrows_and_inequalities_are_not_joined_to_one_sign():
    apart = painted(Text(5, 50, "- >", 20.0, "#000000"))
    joined = painted(Text(5, 50, "->", 20.0, "#000000"))
    # The dash of "->" is the dash alone, in its own cell.
    assert np.array_equal(joined[:, :16], apart[:, :16])


def test_characters_that_the_font_lacks_are_drawn_all_the_same():
    picture = painted(Text(5, 50, "é", 20.0, "#000000"), Text(40, 50, "名前=x", 20.0, "#000000"))
    assert inked(picture)[2] > 60


def test_a_heat_map_has_sharp_cells():
    pixels = np.array([[[255, 0, 0, 255], [0, 0, 255, 255]]], np.uint8)
    picture = painted(HeatMap(10, 10, 100, 50, pixels))
    assert picture[30, 58].tolist() == [255, 0, 0]
    assert picture[30, 61].tolist() == [0, 0, 255]


def test_a_curve_ends_where_it_should():
    curve = Curve(np.array([[10, 10], [10, 90], [190, 10], [190, 90]], np.float32), "#000000", 2.0)
    picture = painted(curve)
    assert picture[11, 10].max() < 160
    assert picture[88, 189].max() < 160


numbers = st.floats(-500, 500)
sizes = st.floats(0.5, 300)
shapes = st.one_of(
    st.builds(lambda x, y, w, h: Rectangle(x, y, w, h, 4.0, "#000000", "#000000", 2.0), numbers, numbers, sizes, sizes),
    st.builds(
        lambda x, y, text, anchor: Text(x, y, text, 12.0, "#000000", anchor=anchor),
        numbers,
        numbers,
        st.text("abcgjpqyÄ|_[]", min_size=1, max_size=20),
        st.sampled_from(["start", "middle", "end"]),
    ),
    st.builds(
        lambda points: Curve(np.array(points, np.float32), "#000000", 3.0),
        st.lists(st.tuples(numbers, numbers), min_size=4, max_size=4),
    ),
    st.builds(lambda *points: Polygon(points, "#000000"), *[st.tuples(numbers, numbers)] * 3),
)


@given(shapes)
def test_nothing_is_painted_outside_of_the_bounds_of_a_shape(shape):
    left, top, right, bottom = shapes_bounds([shape])
    image = QImage(1_600, 1_200, QImage.Format.Format_RGB32)
    image.fill(colour(WHITE))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(800, 600)
    ShapePainter().draw(painter, [shape])
    painter.end()
    picture = array_of(image)
    picture[max(0, int(top) + 598) : int(bottom) + 603, max(0, int(left) + 798) : int(right) + 803] = 255
    assert (picture > 250).all()


def test_no_shapes_have_no_bounds():
    assert shapes_bounds([]) is None


@pytest.mark.parametrize(
    ("size", "image"), [((100_000, 100_000), (10_000, 10_000)), ((100, 64_000), (50, 32_000)), ((1_000, 0), (2_000, 1))]
)
def test_a_picture_that_would_be_too_large_is_made_smaller(size, image):
    painted = paint_image([Rectangle(0, 0, *size, 0, BLACK)], (0, 0, *size), 2.0, WHITE)
    assert (painted.width(), painted.height()) == image
    assert painted.pixelColor(image[0] - 1, 0).name() == (BLACK if size[1] else WHITE)
