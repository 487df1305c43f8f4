"""The SVG writer: valid, compact, and unbroken by any text."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from drawing_samples import every_shape, hostile_text
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from PIL import Image

from graphviz_app.export.drawing import Drawing
from graphviz_app.export.png import picture, png_bytes
from graphviz_app.export.svg import number, path_data, svg_text
from graphviz_app.scene.shapes import Rectangle, Text

SVG = "{http://www.w3.org/2000/svg}"


def parse(text):
    return ElementTree.fromstring(text)


def test_every_shape_becomes_an_element_of_its_own():
    tags = [child.tag.removeprefix(SVG) for child in parse(svg_text(every_shape())).iter()]
    assert [tags.count(tag) for tag in ("rect", "text", "path", "polygon", "image")] == [3, 4, 2, 1, 1]


def test_the_page_is_as_large_as_the_drawing_and_scales():
    root = parse(svg_text(every_shape(), scale=2))
    assert root.get("viewBox") == "0 0 340 210"
    assert (root.get("width"), root.get("height")) == ("680", "420")


def test_a_screen_reader_finds_title_and_description():
    root = parse(svg_text(every_shape()))
    named = {child.get("id"): child.text for child in root if child.get("id")}
    assert [named[name] for name in root.get("aria-labelledby").split()] == ["A title", "A description"]


def test_the_embedded_font_holds_the_used_characters_and_no_ligatures():
    style = parse(svg_text(every_shape())).find(f"{SVG}style").text
    fonts = [TTFont(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"base64,([^)]*)\)", style)]
    regular, bold = (set(map(chr, font.getBestCmap())) for font in fonts)
    assert set("[0.333, -> nan]endmiddle") == regular
    assert set("MulBackward0") == bold
    assert not any("GSUB" in font for font in fonts)
    assert all("Open Font License" in font["name"].getDebugName(13) for font in fonts)


def test_the_font_can_be_left_out():
    assert "font-face" not in svg_text(every_shape(), embed_font=False)


def test_a_picture_of_a_few_boxes_is_a_few_kilobytes_with_its_font():
    assert len(svg_text(every_shape())) < 10_000


def test_neighbours_of_one_style_share_it():
    texts = tuple(Text(0, y, "x", 12, "#000000") for y in range(3))
    assert svg_text(Drawing(texts, 0, 0, 10, 10), embed_font=False).count("#000000") == 1


def test_transparent_colours_are_written_so_that_old_readers_see_them():
    drawing = Drawing((Rectangle(0, 0, 1, 1, fill="#11223380"),), 0, 0, 1, 1)
    rectangle = parse(svg_text(drawing)).find(f"{SVG}rect")
    assert (rectangle.get("fill"), rectangle.get("fill-opacity")) == ("#112233", "0.5")


def test_numbers_are_short_and_curves_keep_their_control_points():
    assert [number(value) for value in (1.0, -0.001, 2.345678, 1e6)] == ["1", "0", "2.35", "1000000"]
    assert path_data(np.array([[0, 0], [1, 1], [2, 1], [3, 0]], np.float32)) == "M0 0C1 1 2 1 3 0"


@settings(max_examples=60, deadline=None)
@given(text=hostile_text())
def test_no_text_breaks_the_file(text):
    drawing = every_shape(text)._replace(title=text, description=text)
    root = parse(svg_text(drawing, embed_font=False))
    assert len(list(root.iter(f"{SVG}text"))) == 4
    assert not list(root.iter(f"{SVG}script"))


def test_text_is_read_back_as_it_was():
    text = "  <b> & \"two\"  'x'  "
    texts = [child.text for child in parse(svg_text(every_shape(text), embed_font=False)).iter(f"{SVG}text")]
    assert text in texts


def test_the_rasterised_picture_shows_the_shapes_where_they_are():
    image = Image.open(io.BytesIO(png_bytes(every_shape(), scale=2))).convert("RGB")
    assert image.size == (680, 420)
    assert image.getpixel((2 * 150, 2 * 18)) == (0xE8, 0xF0, 0xFE)
    assert image.getpixel((2 * 235, 2 * 25)) == (255, 0, 0)
    assert image.getpixel((2 * 280, 2 * 70)) == (0, 0, 0)
    assert image.getpixel((2 * 330, 2 * 100)) == (255, 255, 255)


def test_ligatures_are_not_drawn_in_pictures():
    def pixels(text):
        drawing = Drawing((Text(0, 16, text, 16, "#000000"),), 0, 0, 40, 20, "#ffffff")
        return np.asarray(Image.open(io.BytesIO(png_bytes(drawing))).convert("L")).astype(int)

    apart = np.hstack([pixels("- ")[:, :10], pixels(" >")[:, 10:]])
    assert np.abs(pixels("->") - apart).max() < 40


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.5])
def test_no_pixel_at_the_border_of_a_picture_shows_through(scale):
    page = Rectangle(-3.2, 1.7, 40.3, 21.6, 0.0, "#f0f1f2")
    image = picture(Drawing((page, Text(0.0, 10.0, "x", 12.0, "#000000")), *page[:4]), scale=scale)
    corners = [(0, 0), (image.width - 1, 0), (0, image.height - 1), (image.width - 1, image.height - 1)]
    assert {image.getpixel(corner) for corner in corners} == {(240, 241, 242, 255)}
