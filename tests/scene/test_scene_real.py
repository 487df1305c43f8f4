"""Pictures of a program that torch really ran."""

import pytest

from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import events as ev
from graphviz_app.scene.hit import Hit
from graphviz_app.scene.picture import build_picture
from graphviz_app.scene.shapes import Text
from graphviz_app.scene.states import LinkFlag
from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.timeline import Timeline
from tests.support_record import record_source

PROGRAM = """import torch
from torch import nn

torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        return x + torch.relu(self.inner(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(2))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def halve(gradient):
    return gradient * 0.5


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
data = torch.ones(2, 3)
for epoch in range(2):
    optimizer.zero_grad()
    output = net(data)
    output.register_hook(halve)
    scale = output.detach().abs().max()
    loss = (output / scale).pow(2).mean()
    loss.backward()
    optimizer.step()
"""


@pytest.fixture(scope="module")
def timeline():
    return Timeline(record_source(PROGRAM))


def picture_of(timeline, chapter, expanded=None):
    return build_picture(timeline.recording, timeline, timeline.chapters[chapter], expanded, lay_out=lay_out)


def test_every_step_can_be_drawn_and_told(timeline):
    for chapter in timeline.chapters:
        for expanded in (None, frozenset()):
            picture = picture_of(timeline, chapter.index, expanded)
            for step in range(chapter.first_step, chapter.last_step + 1):
                frame = picture.frame(step, DARK)
                assert frame.caption
                assert sum(1 for _ in frame.shapes(0.5)) > len(picture.graph.boxes)
            for kind, count in (("box", len(picture.graph.boxes)), ("link", len(picture.graph.links))):
                assert all(frame.describe(Hit(kind, index)) for index in range(count))


def test_modules_are_groups_with_their_parameters(timeline):
    picture = picture_of(timeline, 0, frozenset())
    titles = [card.lines[0].text for card in picture.cards]
    assert {"blocks.0", "blocks.1"} <= set(titles)
    block = picture.cards[titles.index("blocks.0")]
    assert block.lines[1].text == "Block"
    assert "2 parameters" in block.lines[2].text


def test_the_second_pass_shows_the_same_program_again(timeline):
    first, second = (picture_of(timeline, number) for number in range(2))
    names = [sorted(card.lines[0].text for card in picture.cards) for picture in (first, second)]
    assert names[0] == names[1]


def test_at_the_end_of_a_pass_every_gradient_link_has_carried(timeline):
    picture = picture_of(timeline, 0)
    steps = range(picture.chapter.first_step, picture.chapter.last_step + 1)
    end = next(step for step in steps if isinstance(timeline.event(step), ev.BackwardFinished))
    frame = picture.frame(end, LIGHT)
    gradient = [number for number, link in enumerate(picture.graph.links) if link.kind == "gradient"]
    assert all(frame.link_state[link] & LinkFlag.CARRIED for link in gradient)


def test_what_detach_cut_off_and_the_hook_are_named(timeline):
    picture = picture_of(timeline, 0)
    frame = picture.frame(picture.chapter.last_step, LIGHT)
    texts = [shape.text for shape in frame.shapes() if isinstance(shape, Text)]
    assert "detach" in texts
    assert any(text.startswith("halve → ") for text in texts)


def test_a_norm_beside_a_heat_map_says_that_it_is_one():
    source = "import torch\nw = torch.full((8,), 2.0, requires_grad=True)\n(w * 0.0333).sum().backward()\n"
    recording = record_source(source)
    timeline = Timeline(recording)
    picture = build_picture(recording, timeline, timeline.chapters[0], lay_out=lay_out)
    leaf = next(number for number, box in enumerate(picture.graph.boxes) if box.kind == "leaf")
    adding = next(s for s in range(timeline.step_count) if isinstance(timeline.event(s), ev.GradAccumulated))

    def norms(step):
        shapes = picture.frame(step, LIGHT).live_shapes(leaf)
        return [shape.text for shape in shapes if isinstance(shape, Text) and "0.0942" in shape.text]

    # Side by side there is less room than alone.
    assert norms(adding) == ["∥0.0942∥", "∥0.0942∥"]
    assert norms(timeline.step_count) == ["norm 0.0942"]
