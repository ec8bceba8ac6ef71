"""The list of figures holds what is wanted, and a limit knows whether it is reached."""

from dataclasses import replace

import pytest

from recurry.measurement import figures
from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.figures import BOUND, MEMORY, OWN, STEP, Figure, Wanted, all_figures
from recurry.measurement.language import Recipe
from recurry.measurement.row import Row
from recurry.measurement.session import Session
from recurry.network.configuration import NetworkConfig
from recurry.training.configuration import OptimiserConfig

RECIPE = Recipe(
    name="small",
    network=NetworkConfig(cell="lstm", embedding_size=4, hidden_size=8),
    optimiser=OptimiserConfig(),
    num_steps=6,
    num_lanes=3,
)
ROW = Row(
    cell="lstm",
    shape="10,1,4,4",
    precision="float32",
    kind="training",
    num_steps=10,
    time_ms=0.02,
    bound_ms=0.01,
    limiter="compute",
    peer_ms={"torch": 0.05},
    others={MEMORY: 0.2},
)
FIGURES = list(all_figures(RECIPE))


def test_every_subject_is_there():
    assert list(dict.fromkeys(figure.title for figure in FIGURES)) == [
        "LSTM",
        "GRU",
        "tanh RNN",
        "any cell",
        "one stream",
        "large",
        "unequal lengths",
        "less memory",
        "training step",
    ]


@pytest.mark.parametrize(
    ("what", "limit", "found", "is_reached"),
    [
        ("torch", 2.5, 2.5, True),
        ("torch", 2.6, 2.5, False),
        (BOUND, 0.5, 0.5, True),
        (STEP, 2.0, 2.0, True),
        (STEP, 1.9, 2.0, False),
        (MEMORY, 0.125, 0.2, False),
        ("jax", 2.0, None, None),
    ],
)
def test_limits_are_compared_with_what_was_found(what, limit, found, is_reached):
    wanted = Wanted(what=what, limit=limit)
    assert wanted.found(ROW) == pytest.approx(found)
    assert wanted.is_reached(ROW) is is_reached


def test_a_limit_says_which_side_is_wanted():
    assert str(Wanted(what="torch", limit=1.35)) == "torch >= 1.35"
    assert str(Wanted(what=STEP, limit=1.5)) == "us a step <= 1.5"


def test_the_own_cell_is_in_no_list_of_cells():
    from recurry.backends.match import match
    from recurry.cells import cells, find_cell

    assert not any(match(OWN.graph, find_cell(name).graph) for name in cells())
    assert len(OWN.plan.stages) == 3


class _Recorded(Session):
    """A session that notes what it is asked for."""

    def row(self, case, peers):
        asked.append((case, tuple(peer.name for peer in peers)))
        return ROW


asked: list = []


def _measured(title: str) -> list:
    asked.clear()
    session = _Recorded(backend="fused", repeats=1, ceilings=NOMINAL)
    chosen: list[Figure] = [figure for figure in FIGURES if figure.title == title]
    for figure in chosen:
        figure.measure(session)
    return list(asked)


def test_figures_ask_for_their_peers():
    assert {peers for _, peers in _measured("GRU")} == {("torch",)}
    assert ("plain", "jax") in {peers for _, peers in _measured("any cell")}
    assert {peers for _, peers in _measured("one stream")} == {()}
    assert {case.kind for case, _ in _measured("one stream")} == {"inference"}


def test_lengths_are_even_from_10_to_400():
    ((case, _),) = _measured("unequal lengths")
    assert (min(case.lengths), max(case.lengths), len(case.lengths)) == (10, 400, 32)


def test_memory_is_measured_beside_the_same_layer(monkeypatch):
    monkeypatch.setattr(figures, "LONG", "100,2,8,8")
    figure = next(one for one in all_figures(RECIPE) if one.title == "less memory")
    row = figure.measure(Session(backend="cpu", repeats=1, ceilings=NOMINAL))
    assert 0.0 < row.others[MEMORY] < 0.5
    assert figure.wanted[1].found(row)
    refused = replace(ROW, time_ms=None, refusal="no")
    monkeypatch.setattr(Session, "row", lambda session, case, peers: refused)
    assert figure.measure(Session(backend="cpu", repeats=1, ceilings=NOMINAL)) is refused


def test_a_training_step_is_measured():
    figure = next(figure for figure in FIGURES if figure.title == "training step")
    row = figure.measure(Session(backend="cpu", repeats=1, ceilings=NOMINAL))
    assert figure.wanted[0].found(row)
