"""The PDF writer: one vector page of exactly the picture's size, font within."""

import re

from drawing_samples import every_shape, hostile_text
from hypothesis import given, settings

from graphviz_app.export.pdf import pdf_bytes


def page_size(pdf: bytes) -> list[float]:
    return [float(part) for part in re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+)", pdf).groups()]


def test_the_page_has_the_pictures_size_in_points():
    assert page_size(pdf_bytes(every_shape())) == [340 * 0.75, 210 * 0.75]
    assert page_size(pdf_bytes(every_shape(), scale=2)) == [340 * 1.5, 210 * 1.5]


def test_both_weights_of_the_font_are_embedded():
    pdf = pdf_bytes(every_shape())
    assert pdf.count(b"/FontFile2") == 2
    assert b"JetBrainsMono" in pdf


def test_the_same_drawing_gives_the_same_bytes():
    assert pdf_bytes(every_shape()) == pdf_bytes(every_shape())


def test_a_page_longer_than_readers_accept_is_made_smaller():
    width, height = page_size(pdf_bytes(every_shape()._replace(height=100_000)))
    assert height <= 14_400
    assert width < 340 * 0.75


@settings(max_examples=40, deadline=None)
@given(text=hostile_text())
def test_no_text_breaks_the_file(text):
    pdf = pdf_bytes(every_shape(text)._replace(title=text, description=text))
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
