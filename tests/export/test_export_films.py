"""Films: what they show and for how long, and that painting only what changed shows the same."""

import io

import av
import numpy as np
import pytest
from drawing_samples import every_shape
from PIL import Image

from graphviz_app.export import Source, film
from graphviz_app.export.errors import ExportError
from graphviz_app.export.film import film_pictures, gif_bytes, mp4_bytes, shots
from graphviz_app.export.painter import Area, Painter, merged
from graphviz_app.export.png import picture, pixel_size
from graphviz_app.recording import events as ev
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from tests.support_synthetic import accumulation


@pytest.fixture(scope="module")
def source():
    return Source(accumulation().recording("w = ..."))


@pytest.fixture(scope="module")
def planned(source):
    chapter = source.timeline.chapters[1]
    return shots(source, chapter.first_step, chapter.last_step)


@pytest.fixture(scope="module")
def pictures(source, planned):
    return list(film_pictures(source, planned, LIGHT, 0.5, lambda _: None))


def test_gradients_are_shown_on_their_way_and_every_step_at_its_end(source, planned):
    timeline = source.timeline
    chapter = timeline.chapters[1]
    ends = [shot.step for shot in planned if shot.phase == 1.0]
    assert ends == list(range(chapter.first_step, chapter.last_step + 1))
    moving = {shot.step for shot in planned if shot.phase < 1.0}
    assert all(isinstance(timeline.event(step), ev.NodeCalled | ev.BackwardStarted) for step in moving)
    assert len(moving) == 4


def test_a_long_run_still_makes_a_film_of_bounded_length():
    source = Source(accumulation(passes=200).recording())
    planned = shots(source, 0, source.timeline.step_count)
    assert len(planned) <= film.MOST_PICTURES + 1
    assert planned[-1].step == source.timeline.step_count


def test_painting_what_changed_shows_the_same_as_painting_everything(source, planned, pictures):
    for shot, (image, _) in list(zip(planned, pictures, strict=True))[:: len(planned) // 8]:
        whole = picture(source.drawing(shot.step, LIGHT, shot.phase), scale=0.5).convert("RGB")
        apart = np.abs(np.asarray(whole, int) - np.asarray(image, int)[: whole.height, : whole.width])
        # Where a curve is cut, its edge is smoothed a little differently.
        assert np.percentile(apart, 99.9) <= 3
        assert apart.mean() < 0.02


@pytest.mark.parametrize("scale", [0.7444, 0.93])
def test_pieces_of_a_picture_fit_into_it_at_any_scale(source, planned, scale):
    painter = Painter(scale)
    for shot in planned[::3]:
        drawing = source.drawing(shot.step, LIGHT, shot.phase)
        whole = np.asarray(picture(drawing, scale=scale).convert("RGB"), int)
        assert (whole.shape[1], whole.shape[0]) == pixel_size(drawing, scale)
        apart = np.abs(whole - np.asarray(painter.paint(drawing), int))
        assert apart.mean() < 0.02
        # A piece that was too small left black behind.
        assert (apart.max(axis=2) > 100).sum() <= 20


def test_the_painter_starts_again_when_the_page_changes():
    painter = Painter(1.0)
    first = painter.paint(every_shape())
    assert first.size == (340, 210)
    assert painter.paint(every_shape()._replace(width=300)).size == (300, 210)


def test_areas_that_overlap_are_painted_once():
    assert merged([Area(0, 0, 2, 2), Area(1, 1, 3, 3), Area(9, 9, 10, 10)], 4) == [Area(0, 0, 3, 3), Area(9, 9, 10, 10)]
    assert len(merged([Area(n, 0, n + 0.5, 1) for n in range(20)], 4)) <= 4


def test_a_gif_has_every_picture_for_its_time_and_repeats(planned, pictures):
    image = Image.open(io.BytesIO(gif_bytes(iter(pictures))))
    durations = []
    for number in range(image.n_frames):
        image.seek(number)
        durations.append(image.info["duration"])
    assert image.info["loop"] == 0
    assert sum(durations) == pytest.approx(sum(shot.milliseconds for shot in planned), rel=0.01)


def test_a_gif_keeps_the_colours(pictures):
    image = Image.open(io.BytesIO(gif_bytes(iter(pictures))))
    image.seek(image.n_frames - 1)
    apart = np.abs(np.asarray(image.convert("RGB"), int) - np.asarray(pictures[-1][0], int))
    assert apart.mean() < 0.3
    assert np.percentile(apart, 99) < 12
    assert image.convert("RGB").getpixel((0, 0)) == pictures[-1][0].getpixel((0, 0))


def test_an_mp4_lasts_as_long_as_its_pictures(planned, pictures):
    with av.open(io.BytesIO(mp4_bytes(iter(pictures)))) as container:
        video = container.streams.video[0]
        assert video.codec_context.name == "h264"
        assert (video.width, video.height) == pictures[0][0].size
        frames = [frame.time for frame in container.decode(video)]
    assert frames[-1] == pytest.approx(sum(shot.milliseconds for shot in planned) / 1000, abs=0.05)
    assert len(frames) == len(pictures) + 1


def test_films_have_even_sides_as_video_wants(pictures):
    assert all(image.width % 2 == image.height % 2 == 0 for image, _ in pictures)


def test_without_pyav_a_sentence_says_what_to_install(monkeypatch, pictures):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(ExportError, match=r"pip install graphviz-app\[film\]"):
        mp4_bytes(iter(pictures))


def test_a_huge_picture_makes_a_smaller_film():
    scale = film._fitting_scale(10_000, 4_000, 100)
    assert 10_000 * scale <= film.LONGEST_SIDE


def test_the_timeline_is_the_recordings():
    recording = accumulation().recording()
    timeline = Timeline(recording)
    assert Source(recording, timeline).timeline is timeline
