import gc
import weakref
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import Sample, TensorRecord, measure, record_array, statistics
from graphviz_app.scene.colouring import COLOURINGS, colouring, tint
from graphviz_app.scene.content import row_content
from graphviz_app.scene.draw_box import ink
from graphviz_app.scene.heatmap import heat_pixels
from graphviz_app.scene.highlight import path_items
from graphviz_app.scene.hit import Hit, hit, items_of, selection_of
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.oddity import oddities
from graphviz_app.scene.picture import build_picture, prepare
from graphviz_app.scene.search import parse, search
from graphviz_app.scene.states import Look
from graphviz_app.scene.theme import DARK, LIGHT, channels, contrast
from graphviz_app.scene.value_facts import ValueFacts, facts_of
from graphviz_app.timeline import Timeline
from tests.support_programs import Program, transformer
from tests.support_record import record_source


def picture_of(recording, expanded=None):
    timeline = Timeline(recording)
    return build_picture(recording, timeline, timeline.chapters[0], expanded, lay_out=lay_out)


@pytest.fixture(scope="module")
def network():
    return picture_of(transformer(2, parts=2, per_part=2))


@pytest.fixture(scope="module")
def odd():
    program = Program("y = x / 0\nz = y * w\n")
    x, w = program.leaf("x", [1.0, 2.0]), program.leaf("weight", [3.0, 4.0])
    y = program.run("div", x, line=1, variable="y")
    program.backward(program.run("mul", y, w, line=2, variable="z"), line=3, contribution=[np.nan, 2.0])
    return picture_of(program.recording())


def names(picture, text):
    graph = picture.graph.graph
    return [graph.nodes[match.key]["name"] for match in search(picture, text)]


def test_boxes_are_found_by_a_piece_of_their_name_in_any_case(odd):
    assert names(odd, "divback") == ["DivBackward0"]


def test_leaves_are_found_by_the_name_of_their_variable(odd):
    [match] = search(odd, "weight")
    assert odd.graph.boxes[match.box].kind == "leaf"


def test_boxes_are_found_by_line(odd):
    assert names(odd, "line 2") == ["MulBackward0"]


def test_boxes_are_found_by_module(network):
    assert len(search(network, "mulbackward blocks.1.part0")) == 1


def test_all_words_must_fit(odd):
    assert names(odd, "backward line:1") == ["DivBackward0"]
    assert names(odd, "mul line:1") == []


def test_boxes_are_found_by_shape(odd):
    assert "DivBackward0" in names(odd, "(2,)")
    assert names(odd, "shape (7, 7)") == []


def test_nan_is_found_where_it_came_in(odd):
    assert set(names(odd, "NaN")) == {"AccumulateGrad"}


def test_large_gradients_are_found_by_their_norm(odd):
    assert len(search(odd, "norm > 1.5")) == 2
    assert search(odd, "norm > 1e9") == ()


def test_what_has_not_been_called_yet_has_no_norm(odd):
    assert search(odd, "norm > 0", step=1) == ()


@pytest.mark.parametrize("scale", [0.0, 1e-120, 1.0, 1e120, np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex64, np.int64, ml_dtypes.bfloat16])
def test_the_facts_of_a_value_are_those_of_its_figures(scale, dtype):
    with np.errstate(all="ignore"):
        values = (np.array([[3.0, -4.0], [0.5, 12.0]]) * scale).astype(dtype)
    record = record_array(values)
    fact = ValueFacts(SimpleNamespace(value=lambda _: record)).of(0)
    assert fact.norm == pytest.approx(statistics(record).norm, rel=1e-12)
    assert (fact.shape, fact.dtype, fact.oddities) == ((2, 2), record.dtype, oddities(record))


def test_what_is_read_ahead_is_not_read_again():
    asked = []
    facts = ValueFacts(SimpleNamespace(value=lambda number: (asked.append(number), record_array(np.ones(2)))[1]))
    facts.look_ahead([5, 3, 3, ev.NONE], lambda: False)
    assert asked == [3, 5]
    facts.of_all([3, 5, 3])
    assert asked == [3, 5]
    facts.look_ahead(range(100), lambda: True)
    assert asked == [3, 5]


def test_what_is_known_of_values_keeps_no_recording_alive():
    recording = transformer(1, parts=1, per_part=2)
    facts_of(recording).of(0)
    assert facts_of(recording)._known is facts_of(recording)._known
    alive = weakref.ref(recording)
    del recording
    gc.collect()
    assert alive() is None


def test_an_empty_search_finds_nothing(odd):
    assert search(odd, "   ") == ()


def test_a_match_within_a_closed_group_is_shown_by_the_group():
    picture = picture_of(transformer(2, parts=2, per_part=2), frozenset())
    boxes = {picture.graph.boxes[match.box].kind for match in search(picture, "part0")}
    assert boxes == {"group"}


def test_matches_come_in_reading_order(network):
    heights = [network.layout.centres[match.box][1] for match in search(network, "backward")]
    assert heights == sorted(heights)


def test_what_bears_just_the_name_that_is_looked_for_comes_first():
    program = Program("s = expm(a)\n")
    program.backward(program.run("max", program.leaf("x", [1.0]), line=1, variable="s"), line=2)
    picture = picture_of(program.recording())
    graph = picture.graph.graph
    found = [graph.nodes[match.key] for match in search(picture, "x")]
    assert [(one["variable"], one["name"]) for one in found] == [("x", "AccumulateGrad"), ("s", "MaxBackward0")]


def test_a_search_is_taken_apart_into_what_it_means():
    query = parse("add line 3 shape(2, 3) norm >= 1e-3 nan")
    assert (query.words, query.lines, query.shapes, query.oddities, query.norms) == (
        ("add",), (3,), ((2, 3),), ("nan",), ((">=", 0.001),),
    )  # fmt: skip


def test_a_point_on_a_box_is_that_box(network):
    for number, (x, y, width, height) in enumerate(network.box_bounds.tolist()):
        assert hit(network, x + width / 2, y + height / 2) == Hit("box", number)


def test_a_point_near_a_link_is_that_link(odd):
    for number, curve in enumerate(odd.layout.curves):
        pieces = (len(curve) - 1) // 3
        p = curve[3 * (pieces // 2) : 3 * (pieces // 2) + 4].astype(float)
        x, y = (p[0] + 3 * p[1] + 3 * p[2] + p[3]) / 8
        found = hit(odd, x + 2, y)
        assert found == Hit("link", number) or found.kind in ("box", "link")


def test_a_point_in_an_open_group_beside_its_boxes_is_the_innermost_group(network):
    place = max(network.layout.groups, key=lambda group: len(group.path))
    found = hit(network, place.x + 2, place.y + 2)
    assert found == Hit("group", network.layout.groups.index(place))


def test_a_point_beside_everything_is_nothing(network):
    assert hit(network, -1000, -1000) is None


def test_every_box_means_a_selection_and_is_found_by_it(network):
    for number in range(len(network.graph.boxes)):
        selection = selection_of(network, Hit("box", number))
        assert selection
        assert Hit("box", number) in items_of(network, selection)


def test_every_real_link_means_its_edge(odd):
    for number, link in enumerate(odd.graph.links):
        if link.kind == "gradient":
            assert items_of(odd, selection_of(odd, Hit("link", number))) == (Hit("link", number),)


def test_a_line_means_the_boxes_that_it_made(odd):
    found = items_of(odd, ("line", 0, 1))
    assert [odd.cards[item.index].lines[0].text for item in found] == ["DivBackward0"]


def test_a_leaf_means_all_the_boxes_that_refer_to_it():
    program = Program()
    w, h = program.leaf("w"), program.leaf("h")
    for _ in range(7):
        h = program.run("mul", h, w)
    program.backward(h)
    picture = picture_of(program.recording())
    assert len(items_of(picture, ("leaf", 0))) == 7


def test_the_way_from_the_loss_to_a_leaf_is_lit_and_nothing_else(odd):
    items = path_items(odd, ("leaf", 1))
    titles = {odd.cards[item.index].lines[0].text for item in items if item.kind == "box"}
    assert titles == {"z", "MulBackward0", "weight"}
    assert len([item for item in items if item.kind == "link"]) == 2


def test_every_item_can_be_told_in_words(network):
    for step in (network.chapter.first_step, network.chapter.last_step):
        frame = network.frame(step, LIGHT)
        for kind, count in (("box", len(network.graph.boxes)), ("link", len(network.graph.links))):
            for index in range(count):
                assert frame.describe(Hit(kind, index)).endswith(".")
        assert frame.describe(Hit("group", 0)).startswith("Open group")


def test_a_link_tells_what_travelled_on_it(odd):
    frame = odd.frame(odd.chapter.last_step, LIGHT)
    told = [frame.describe(Hit("link", number)) for number in range(len(odd.graph.links))]
    assert any("MulBackward0" in text and "[nan, 2]" in text and "1 nan" in text for text in told)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("kind", ["node", "leaf", "group", "root", "reference"])
@pytest.mark.parametrize("place", [*np.linspace(0, 1, 8).tolist(), *range(-8, 0)])
def test_text_can_be_read_on_every_tint(theme, kind, place):
    for look in Look:
        colours = ink(kind, look, theme, tint(theme, place))
        for text in (colours.title, colours.muted):
            assert contrast(text, colours.fill) >= 4.5, (text, colours)


@pytest.mark.parametrize("name", COLOURINGS)
def test_every_colouring_gives_each_box_a_colour_of_its_legend(name, network, odd):
    for picture in (network, odd):
        found = colouring(picture, name)
        assert found.buckets.max(initial=0) <= len(found.legend) <= 15


def test_an_unknown_colouring_colours_nothing(network):
    assert not colouring(network, "unknown").buckets.any()


def test_time_colours_the_first_call_least_and_the_last_most(network):
    buckets = colouring(network, "time").buckets
    nodes = [number for number, box in enumerate(network.graph.boxes) if box.kind == "node"]
    root = min(nodes, key=lambda number: network.layout.centres[number][1])
    assert buckets[root] == 1
    assert buckets.max() == 8


def test_parameters_have_the_colour_of_their_module_and_what_is_handed_to_it_has_not():
    source = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(3, 3)
        self.decoder = nn.Linear(3, 3)
        self.decoder.weight = self.encoder.weight
        self.scale = nn.Parameter(torch.ones(1))
    def forward(self, x):
        return self.decoder(self.encoder(x)) * self.scale
net = Net()
x = torch.ones(1, 3, requires_grad=True)
net(x).sum().backward()
"""
    picture = picture_of(record_source(source))
    found, graph = colouring(picture, "module"), picture.graph.graph
    kinds = ["", *[text for text, _ in found.legend]]
    assert {
        graph.nodes[box.keys[0]]["variable"]: kinds[bucket]
        for box, bucket in zip(picture.graph.boxes, found.buckets, strict=True)
        if box.kind == "leaf"
    } == {
        "net.encoder.weight": "encoder",
        "net.encoder.bias": "encoder",
        "net.decoder.bias": "decoder",
        "net.scale": "",
        "x": "",
    }


def test_a_node_of_several_results_shows_them_all():
    source = "import torch\nxy = torch.tensor([1.0, 2.0], requires_grad=True)\nx, y = xy\n(x * y).backward()\n"
    picture = picture_of(record_source(source))
    graph = picture.graph.graph
    box = next(n for n, b in enumerate(picture.graph.boxes) if graph.nodes[b.keys[0]]["name"] == "UnbindBackward0")
    state = picture.timeline.state(picture.chapter.last_step)
    rows = [row for row in picture.cards[box].rows if row.role == "value"]
    assert [row.label for row in rows] == ["value 0", "value 1"]
    assert [tensor_text(row_content(row, box, picture, state).record) for row in rows] == ["1", "2"]


def test_what_is_odd_has_a_colour_of_its_own(odd):
    found = colouring(odd, "odd")
    assert [text for text, _ in found.legend] == ["NaN"]


def test_nan_and_inf_have_colours_of_their_own_in_a_heat_map():
    pixels = heat_pixels(record_array(np.array([[np.nan, np.inf, -np.inf, 0.0]], np.float32)), LIGHT, 8, 8)
    colours = [tuple(pixel[:3]) for pixel in pixels[0].tolist()]
    expected = [LIGHT.nan, LIGHT.positive_infinity, LIGHT.negative_infinity, LIGHT.zero]
    assert colours == [channels(colour) for colour in expected]


def test_a_single_nan_among_a_million_is_still_seen():
    values = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
    values[123, 456] = np.nan
    pixels = heat_pixels(record_array(values), LIGHT, 20, 38)
    assert pixels.shape[0] <= 20
    assert pixels.shape[1] <= 38
    assert (pixels[..., :3] == channels(LIGHT.nan)).all(axis=-1).sum() == 1


def test_signs_are_told_by_colour_and_the_largest_is_strongest():
    pixels = heat_pixels(record_array(np.array([[-1.0, -0.1, 0.0, 0.1, 1.0]])), LIGHT, 8, 8)[0, :, :3].astype(int)
    assert pixels[0].tolist() == list(channels(LIGHT.negative))
    assert pixels[4].tolist() == list(channels(LIGHT.positive))
    assert abs(pixels[1] - pixels[0]).sum() > 0


def test_a_large_tensor_is_drawn_from_its_sample():
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    record = TensorRecord(
        (400, 400), "float32", statistics=measure(values), sample=Sample((4, 4), (100, 100), values.tobytes())
    )
    assert heat_pixels(record, LIGHT, 20, 38).shape == (4, 4, 4)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (7,), (100,), (3, 1), (2, 3, 4), (1, 1, 1, 1)])
def test_every_shape_can_be_drawn(shape):
    pixels = heat_pixels(record_array(np.zeros(shape, np.float32)), LIGHT, 20, 38)
    assert (pixels is None) == (0 in shape)


def test_groups_can_be_opened_and_closed_beside_those_of_first_sight():
    recording = transformer(2, parts=2, per_part=2)
    timeline = Timeline(recording)
    chapter = timeline.chapters[0]
    closed = prepare(recording, timeline, chapter, closed=frozenset({("blocks.0",)}))
    assert "group:blocks.0" in {box.key for box in closed.visible.boxes}
    opened = prepare(recording, timeline, chapter, frozenset(), opened=frozenset({("blocks.0",)}))
    assert "group:blocks.0/part0" in {box.key for box in opened.visible.boxes}


def test_a_value_that_could_not_be_read_says_why():
    program = Program()
    x = program.leaf("x")
    x.value = program.value(TensorRecord((3, 4), "float32", note="inside vmap"))
    program.events[-1] = ev.LeafFound(0, x.number, "x", x.value)
    program.backward(program.run("mul", x))
    picture = picture_of(program.recording())
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    shown = [getattr(shape, "text", "") for shape in frame.shapes()]
    assert any("inside vmap" in text for text in shown)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8_e5m2", "complex64"])
def test_nan_is_found_in_every_dtype_that_has_it(dtype):
    numpy_dtype = getattr(ml_dtypes, dtype, None) or dtype
    assert oddities(record_array(np.array([1, np.nan], numpy_dtype))) == {"nan"}
    assert oddities(record_array(np.array([0, 0], numpy_dtype))) == {"zero"}
    assert oddities(record_array(np.array([0, 1], numpy_dtype))) == set()


def test_no_tensor_is_none_and_an_empty_one_is_nothing_odd():
    assert oddities(None) == {"none"}
    assert oddities(record_array(np.zeros(0))) == set()
    assert oddities(record_array(np.array([True, False]))) == set()
