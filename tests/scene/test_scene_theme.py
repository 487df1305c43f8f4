import itertools

import pytest

from graphviz_app.scene.draw_box import ink
from graphviz_app.scene.draw_link import link_colour
from graphviz_app.scene.states import LinkFlag, Look
from graphviz_app.scene.theme import DARK, LIGHT, channels, contrast, mix

KINDS = ["node", "leaf", "root", "operation", "tensor", "group", "reference"]
BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


@BOTH
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("look", list(Look))
def test_every_text_on_a_card_can_be_read(theme, kind, look):
    colours = ink(kind, look, theme)
    texts = [colours.title, colours.muted]
    if look != Look.UNBORN and kind in ("node", "leaf", "group"):
        texts += [theme.value, theme.gradient]
    for text in texts:
        assert contrast(text, colours.fill) >= 4.5, (text, colours.fill)


@BOTH
def test_every_text_beside_the_cards_can_be_read(theme):
    pairs = [
        (theme.text, theme.background), (theme.text, theme.group_fill), (theme.muted, theme.group_fill),
        (theme.text, theme.group_fill_inner), (theme.muted, theme.group_fill_inner), (theme.gradient, theme.label),
        (theme.warning, theme.label), (theme.grey_text, theme.label), (theme.token_text, theme.token),
        (theme.background, theme.nan), (theme.value, theme.bucket), (theme.gradient, theme.bucket),
        (theme.muted, theme.bucket),
        (theme.muted, theme.background), (theme.warning, theme.card),
    ]  # fmt: skip
    for text, ground in pairs:
        assert contrast(text, ground) >= 4.5, (text, ground)


def seen_by(colour, kind):
    """A colour as a dichromat sees it (Viénot, Brettel and Mollon 1999, for protanopia and deuteranopia)."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in channels(colour))
    if kind == "protan":
        red, green = 0.1124 * red + 0.8876 * green, 0.1124 * red + 0.8876 * green
        blue = 0.0040 * red - 0.0040 * green + blue
    else:
        red, green = 0.2928 * red + 0.7072 * green, 0.2928 * red + 0.7072 * green
        blue = -0.0223 * red + 0.0223 * green + blue
    return tuple(max(channel, 0.0) ** (1 / 2.2) * 255 for channel in (red, green, blue))


@BOTH
@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_colours_that_mean_different_things_differ_for_the_colour_blind(theme, kind):
    groups = [
        [theme.value, theme.gradient],
        [theme.running, theme.made],
        [theme.negative, theme.zero, theme.positive],
        [theme.nan, theme.positive_infinity, theme.negative_infinity],
        [theme.positive, theme.positive_infinity],
        [theme.link, theme.done],
    ]
    for group in groups:
        for first, second in itertools.combinations(group, 2):
            one, other = seen_by(first, kind), seen_by(second, kind)
            assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 > 35, (first, second)


@BOTH
def test_a_link_looks_different_before_during_and_after_it_carries(theme):
    states = [0, LinkFlag.CARRIED, LinkFlag.CARRIED | LinkFlag.MOVING, LinkFlag.CARRIED | LinkFlag.ODD]
    assert len({link_colour(int(state), theme) for state in states}) == 4


def test_mixing_and_contrast_are_as_defined():
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
