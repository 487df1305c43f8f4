from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.graph.pieces import CHUNK, LONGEST_ROW, _ranges


@given(st.integers(1, 20_000), st.data())
def test_pieces_hold_each_number_once_and_lie_within_one_another(count, data):
    number = data.draw(st.integers(0, count - 1))
    ranges = _ranges(number, count)
    assert bool(ranges) == (count > LONGEST_ROW)
    around = (0, count)
    for first, last in ranges:
        assert around[0] <= first <= number < last <= around[1]
        around = first, last
    if ranges:
        first, last = ranges[-1]
        assert last - first <= CHUNK * 1.1
        assert all(_ranges(other, count) == ranges for other in range(first, last))


def test_what_is_left_over_at_the_end_is_no_piece_of_its_own():
    assert _ranges(400, 401) == _ranges(399, 401) == [(380, 401)]
    assert _ranges(405, 406) == [(400, 406)]
    assert _ranges(801, 802) == [(400, 802), (780, 802)]
