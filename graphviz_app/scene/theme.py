"""The colours of the picture, by what they mean.

Blue is the forward pass and its values, orange the gradients; light and dark differ for every kind of colour blindness,
and nothing is said by red against green. Text has a contrast of at least 4.5 : 1 to whatever it stands on; a test
checks all pairs.
"""

from __future__ import annotations

from typing import NamedTuple


class Theme(NamedTuple):
    """Colours as "#rrggbb".

    Attributes:
        name: "light" or "dark".
        background: Behind everything.
        card: Fill of a node's card.
        card_border: Its border.
        text: Titles and values.
        muted: Subtitles and captions.
        value: Text of forward values.
        gradient: Text of gradients, and links that have carried one.
        running: Border of what runs now.
        running_card: Fill of what runs now.
        made: Border of what the forward pass just made.
        made_card: Fill of it.
        done: Mark of a node that has run.
        done_card: Fill of a node that has run.
        leaf_card: Fill of a leaf.
        leaf_border: Its border.
        root_card: Fill of the box with the seed.
        root_text: Text on it.
        group_card: Fill of a collapsed group.
        group_fill: Fill of an open group's frame; frames within frames alternate with `group_fill_inner`.
        group_fill_inner: See there.
        group_border: Border of both.
        grey: Borders and links of what autograd does not see.
        grey_card: Fill of those boxes.
        grey_text: Text in those boxes and on those links.
        link: A link that has carried nothing yet.
        unborn: Border of what is not made yet.
        unborn_text: Text of what is not made yet.
        label: Fill behind a label on a link.
        bucket: Fill of a leaf's `.grad`.
        token: Fill of a moving gradient.
        token_text: Text on it.
        selection: Ring around what is selected.
        highlight: Ring around what belongs to the selection.
        nan: Elements that are NaN.
        positive_infinity: Elements that are +Inf.
        negative_infinity: Elements that are −Inf.
        warning: Text that tells of NaN and Inf.
        negative: Heat maps: the most negative element.
        zero: Heat maps: zero.
        positive: Heat maps: the most positive element.
    """

    name: str
    background: str
    card: str
    card_border: str
    text: str
    muted: str
    value: str
    gradient: str
    running: str
    running_card: str
    made: str
    made_card: str
    done: str
    done_card: str
    leaf_card: str
    leaf_border: str
    root_card: str
    root_text: str
    group_card: str
    group_fill: str
    group_fill_inner: str
    group_border: str
    grey: str
    grey_card: str
    grey_text: str
    link: str
    unborn: str
    unborn_text: str
    label: str
    bucket: str
    token: str
    token_text: str
    selection: str
    highlight: str
    nan: str
    positive_infinity: str
    negative_infinity: str
    warning: str
    negative: str
    zero: str
    positive: str


LIGHT = Theme(
    name="light",
    background="#f6f7f9",
    card="#ffffff",
    card_border="#b9c2cd",
    text="#18212c",
    muted="#4f5b69",
    value="#1555a8",
    gradient="#a84300",
    running="#e06a00",
    running_card="#fff0dd",
    made="#2f7de0",
    made_card="#e8f1fe",
    done="#c9752b",
    done_card="#fffaf4",
    leaf_card="#edf4fd",
    leaf_border="#7ea6d8",
    root_card="#26303c",
    root_text="#ffffff",
    group_card="#eef0f4",
    group_fill="#eef1f5",
    group_fill_inner="#e6eaf0",
    group_border="#b4bfcb",
    grey="#8d97a3",
    grey_card="#f0f1f3",
    grey_text="#5a636e",
    link="#a3adb9",
    unborn="#d3d9e0",
    unborn_text="#666f7a",
    label="#fffaf4",
    bucket="#ffffff",
    token="#a84300",
    token_text="#ffffff",
    selection="#1555a8",
    highlight="#2f7de0",
    nan="#c2188f",
    positive_infinity="#ffd400",
    negative_infinity="#00a3a3",
    warning="#a30f76",
    negative="#1f63c4",
    zero="#f2f2f0",
    positive="#d95f02",
)

DARK = Theme(
    name="dark",
    background="#11151a",
    card="#1c222a",
    card_border="#454f5c",
    text="#e9eef4",
    muted="#a7b2bf",
    value="#94c1ff",
    gradient="#ffb068",
    running="#ff9a3c",
    running_card="#40290f",
    made="#5aa2ff",
    made_card="#17304f",
    done="#c98a4e",
    done_card="#241f1a",
    leaf_card="#18263a",
    leaf_border="#466b9c",
    root_card="#dfe6ee",
    root_text="#141a21",
    group_card="#252c36",
    group_fill="#171c22",
    group_fill_inner="#1d232b",
    group_border="#4a5563",
    grey="#6f7984",
    grey_card="#1a1e23",
    grey_text="#a0a9b4",
    link="#5c6673",
    unborn="#333b45",
    unborn_text="#8a949f",
    label="#241f1a",
    bucket="#131920",
    token="#ffb068",
    token_text="#1f1408",
    selection="#94c1ff",
    highlight="#5aa2ff",
    nan="#ff5cc8",
    positive_infinity="#ffe14d",
    negative_infinity="#17b0a0",
    warning="#ff8fd8",
    negative="#5c9dff",
    zero="#2a2f36",
    positive="#ff8f3d",
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#rrggbb" (an alpha after them is left out)."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: str, second: str, part: float) -> str:
    """The colour that is `part` (0 to 1) of the way from `first` to `second`."""
    pairs = zip(channels(first), channels(second), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * part):02x}" for one, other in pairs)


def contrast(first: str, second: str) -> float:
    """Contrast of two colours from 1 to 21, as WCAG 2.2 defines it ("contrast ratio")."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
