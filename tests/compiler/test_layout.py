"""Boxes in columns: arrows to the right, no overlap, few crossings."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from recurry.compiler.layout import place_boxes

ARROWS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
    max_size=20,
    unique=True,
)


def _place(arrows, last=()):
    sizes = {key: (30.0 + 7 * key, 20.0 + 3 * key) for key in range(10)}
    return sizes, place_boxes(sizes, arrows, last=last)


@given(arrows=ARROWS)
def test_boxes_do_not_overlap_and_lie_inside(arrows):
    sizes, layout = _place(arrows)
    for key, (x, y) in layout.centres.items():
        assert sizes[key][0] / 2 - 1e-6 <= x <= layout.width - sizes[key][0] / 2 + 1e-6
        assert sizes[key][1] / 2 - 1e-6 <= y <= layout.height - sizes[key][1] / 2 + 1e-6
    for one, other in combinations(sizes, 2):
        (x, y), (other_x, other_y) = layout.centres[one], layout.centres[other]
        apart_x = abs(x - other_x) >= (sizes[one][0] + sizes[other][0]) / 2
        apart_y = abs(y - other_y) >= (sizes[one][1] + sizes[other][1]) / 2
        assert apart_x or apart_y


@given(arrows=ARROWS)
def test_arrows_run_to_the_right_from_box_to_box(arrows):
    sizes, layout = _place(arrows)
    for (source, target), points in layout.routes.items():
        columns = [x for x, _ in points]
        assert columns == sorted(columns)
        assert points[0][0] == layout.centres[source][0] + sizes[source][0] / 2
        assert points[-1][0] == layout.centres[target][0] - sizes[target][0] / 2


def test_last_boxes_share_the_last_column():
    _, layout = _place([(0, 1), (1, 2), (0, 3), (2, 4)], last=[3, 4])
    assert (
        layout.centres[3][0] == layout.centres[4][0] == max(x for x, _ in layout.centres.values())
    )


def test_two_parallel_arrows_do_not_cross():
    sizes = dict.fromkeys("abcd", (20.0, 20.0))
    layout = place_boxes(sizes, [("a", "d"), ("b", "c")])
    assert (layout.centres["a"][1] < layout.centres["b"][1]) == (
        layout.centres["d"][1] < layout.centres["c"][1]
    )


def test_nothing_to_place():
    assert place_boxes({}, []).width == 0
