from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from graphviz_app.resources import resource
from graphviz_app.scene.measure import ADVANCE, columns, shorten, text_width, wrap


def test_every_character_of_the_shipped_font_is_as_wide_as_measured():
    for name in ("JetBrainsMono-Regular.ttf", "JetBrainsMono-Bold.ttf"):
        font = ImageFont.truetype(str(resource("fonts", name)), 1000, layout_engine=ImageFont.Layout.BASIC)
        for character in "iWm0.,[]()+-=·×→↗↳✓…–∂ΣαéЖ":
            assert font.getlength(character) == ADVANCE * 1000, character


def test_a_text_is_as_wide_as_its_characters():
    assert text_width("MulBackward0", 10) == 72


def test_a_wide_character_takes_two_cells_and_a_combining_one_none():
    assert columns("中文") == 4
    assert columns("e\u0301") == 1


def test_a_long_name_loses_its_middle():
    assert shorten("model.blocks.3.attention.qkv.weight", 20) == "model.bloc…qkv.weight"[:10] + "…" + "qkv.weight"[1:]


@given(st.text(), st.integers(1, 40))
def test_a_shortened_text_fits(text, cells):
    assert columns(shorten(text, cells)) <= cells


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_no_word(text, cells):
    lines = wrap(text, cells)
    assert all(columns(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
