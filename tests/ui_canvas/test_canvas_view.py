import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.ui.canvas.tiles import TILE, Lens, TileKey, TileStore, target_of, tiles_in_sight
from graphviz_app.ui.canvas.view import View, between, clamp_level, fit_level, opening_view, scale_of

sizes = st.floats(16, 4_000)
points = st.floats(-1e5, 1e5)
levels = st.integers(-8_000, 3_072)
views = st.builds(View, levels, points, points, sizes, sizes)
bounds = st.tuples(points, points, st.floats(1, 3e5), st.floats(1, 3e5))
ratios = st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0])
lenses = st.builds(Lens.of, st.builds(View, st.integers(-3_000, 3_000), points, points, sizes, sizes), ratios)


@given(views, points, points)
def test_a_point_of_the_picture_is_found_again_under_its_pixel(view, x, y):
    assert view.to_picture(*view.to_screen(x, y)) == pytest.approx((x, y), abs=1e-3)


@given(views, levels, st.floats(0, 4_000), st.floats(0, 4_000))
def test_zooming_keeps_the_point_under_the_pointer(view, level, x, y):
    assert view.zoomed(level, x, y).to_screen(*view.to_picture(x, y)) == pytest.approx((x, y), abs=1e-3)


@given(views, sizes, sizes)
def test_a_window_of_another_size_keeps_what_is_in_the_middle_of_its_upper_border(view, width, height):
    resized = view.resized(width, height)
    assert resized.to_picture(width / 2, 0) == pytest.approx(view.to_picture(view.width / 2, 0), abs=1e-3)
    assert (resized.width, resized.height, resized.level) == (width, height, view.level)


@given(views, bounds)
def test_a_fitted_picture_is_wholly_in_sight(view, area):
    fitted = view.fitted(area)
    assert fitted.shows(area, margin=-0.01)
    assert fitted.level <= 0


@given(views, bounds)
def test_the_picture_can_never_be_lost(view, area):
    seen = view.clamped(area).visible
    assert seen[0] <= area[0] + area[2]
    assert seen[0] + seen[2] >= area[0]
    assert seen[1] <= area[1] + area[3]
    assert seen[1] + seen[3] >= area[1]


@given(views, bounds)
def test_clamping_twice_is_clamping_once(view, area):
    once = view.clamped(area)
    assert once.clamped(area) == once


@given(bounds, sizes, sizes, st.integers(-30_000, 30_000))
def test_the_smallest_zoom_shows_everything(area, width, height, level):
    smallest = clamp_level(-100_000, area, width, height)
    assert smallest <= fit_level(area, width, height)
    assert smallest <= clamp_level(level, area, width, height) <= 3_072


@given(st.builds(View, st.integers(-3_000, 3_000), points, points, sizes, sizes), st.integers(-3_000, 3_000))
def test_going_to_another_zoom_keeps_the_point_that_both_views_share(view, level):
    target = view.zoomed(level, 100.0, 70.0)
    half = between(view, target, 0.5)
    assert half.to_screen(*view.to_picture(100.0, 70.0)) == pytest.approx((100.0, 70.0), abs=0.5)
    assert between(view, target, 1.0) == target


@given(bounds, st.floats(0, 1), st.floats(0, 1))
def test_a_small_picture_opens_whole_and_a_large_one_where_gradients_start(area, right, down):
    start = (area[0] + right * area[2], area[1] + down * area[3], 1.0, 1.0)
    view = opening_view(View(0, 0.0, 0.0, 1_400.0, 900.0), area, start)
    assert 0.499 <= view.scale <= 1.0
    assert view.shows(area, -0.01) or view.shows(start, -2.0)


@given(lenses)
def test_the_tiles_in_sight_cover_the_window_and_do_not_overlap(lens):
    targets = [target_of(key, lens) for key in tiles_in_sight(lens, lens.level)]
    assert min(t.left for t in targets) <= 0
    assert min(t.top for t in targets) <= 0
    assert max(t.right for t in targets) >= lens.width
    assert max(t.bottom for t in targets) >= lens.height
    assert all(t.right - t.left == TILE and t.bottom - t.top == TILE for t in targets)
    assert len({(t.left, t.top) for t in targets}) == len(targets)


@given(lenses, st.integers(-1_500, 1_500))
def test_tiles_of_another_zoom_meet_without_a_seam(lens, away):
    targets = {(key.x, key.y): target_of(key, lens) for key in tiles_in_sight(lens, lens.level + away)}
    for (x, y), target in targets.items():
        if (x + 1, y) in targets:
            assert targets[x + 1, y].left == target.right
        if (x, y + 1) in targets:
            assert targets[x, y + 1].top == target.bottom


@given(lenses)
def test_a_tile_is_never_interpolated_at_its_own_zoom(lens):
    for key in tiles_in_sight(lens, lens.level):
        target = target_of(key, lens)
        exact = key.x * TILE / lens.scale, key.y * TILE / lens.scale
        assert math.isclose(exact[0] * lens.scale + lens.origin_x, target.left, abs_tol=1e-3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=200))
def test_a_store_keeps_what_was_used_last_within_its_budget(moves):
    store = TileStore(budget=4 * TILE * TILE * 4)
    used = []
    for level, x in moves:
        key = TileKey(level, x, 0)
        if store.use(key) is None:
            store.put(key, object())
        used = [*(k for k in used if k != key), key][-4:]
        assert sorted(store) == sorted(used)
        assert sorted(key for level in store.levels for key in store.at(level)) == sorted(store)


def test_levels_are_powers_of_two():
    assert [scale_of(level) for level in (-1024, 0, 1024, 2048)] == [0.5, 1.0, 2.0, 4.0]


@given(st.floats(-300, 900), st.floats(-300, 700), st.floats(10, 200), st.floats(10, 100))
def test_what_is_brought_into_sight_lies_under_nothing(x, y, width, height):
    minimap, buttons = (12.0, 300.0, 210.0, 190.0), (520.0, 450.0, 165.0, 40.0)
    view, area = View(width=700.0, height=500.0), (x, y, width, height)
    moved = view.revealing(area, 24.0, (minimap, buttons))
    assert moved.shows(area, 23.9, (minimap, buttons))
    if view.shows(area, 24.0, (minimap, buttons)):
        assert (moved.x, moved.y) == pytest.approx((view.x, view.y), abs=1e-6)


@given(views, bounds, st.floats(0, 40))
def test_revealing_moves_just_as_far_as_needed(view, area, margin):
    moved = view.revealing(area, margin)
    if area[2] * view.scale + 2 * margin < view.width and area[3] * view.scale + 2 * margin < view.height:
        assert moved.shows(area, margin - 0.01)
    if view.shows(area, margin):
        assert moved.x == pytest.approx(view.x, abs=1e-6)
        assert moved.y == pytest.approx(view.y, abs=1e-6)
