import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from recurry.data.ids import IdFile
from recurry.errors import DataError
from recurry.tasks.scoring import Scores, evaluating, score, symbol_losses


def lane_losses(model, ids) -> np.ndarray:
    """The loss of each symbol but the first of one stretch, all steps at once."""
    symbols = torch.tensor(ids).unsqueeze(1)
    model.network.eval()
    with torch.no_grad():
        logits, _ = model.network(symbols[:-1], None)
    return functional.cross_entropy(logits[:, 0], symbols[1:, 0], reduction="none").numpy()


@pytest.mark.parametrize("length", [2, 3, 255, 256, 700])
def test_one_lane_carries_the_state_through_the_whole_text(model, rng, length):
    ids = rng.integers(7, size=length)
    expected = lane_losses(model, ids)
    assert np.allclose(symbol_losses(model, ids), expected, rtol=1e-12)
    found = score(model, ids, num_lanes=1)
    assert found.num_symbols == length - 1
    assert found.loss_nats == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("length", [1025, 1100, 1281])
def test_lanes_deal_out_every_prediction_once(model, rng, length):
    ids = rng.integers(7, size=length)
    per_lane = -(-(length - 1) // 4)
    pieces = [ids[first : first + per_lane + 1] for first in range(0, length - 1, per_lane)]
    expected = np.concatenate([lane_losses(model, piece) for piece in pieces])
    assert len(expected) == length - 1
    assert np.allclose(symbol_losses(model, ids, num_lanes=4), expected, rtol=1e-12)
    found = score(model, ids, num_lanes=4)
    assert found.num_symbols == length - 1
    assert found.loss_nats == pytest.approx(expected.mean(), rel=1e-12)


def test_a_short_text_uses_fewer_lanes(model, rng):
    ids = rng.integers(7, size=300)
    assert score(model, ids, num_lanes=32) == score(model, ids, num_lanes=1)


def test_the_kinds_of_input_are_equal(model, rng, tmp_path):
    ids = rng.integers(7, size=100)
    on_disk = IdFile.write(tmp_path / "ids.npy", [ids], num_symbols=7)
    assert score(model, ids) == score(model, ids.tolist()) == score(model, on_disk)


def test_units():
    found = Scores.from_loss(math.log(8), num_symbols=5)
    assert found.bits == pytest.approx(3)
    assert found.perplexity == pytest.approx(8)
    assert Scores.from_loss(1e6, num_symbols=5).perplexity == math.inf


def test_scoring_leaves_the_mode_as_it_was_and_uses_no_dropout(model, rng):
    ids = rng.integers(7, size=100)
    model.network.train()
    before = torch.get_rng_state()
    assert score(model, ids) == score(model, ids)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.network.training
    with evaluating(model.network):
        assert not model.network.training
    assert model.network.training


@pytest.mark.parametrize("ids", [[1, 7, 2], [1, 2, 7], [-1, 2, 3], [3, -100]])
def test_numbers_that_are_no_symbols_are_an_error(model, ids):
    for measure in (score, symbol_losses):
        with pytest.raises(DataError, match=r"outside the vocabulary[^$]*accepted: 0 to 6"):
            measure(model, ids)


@pytest.mark.parametrize("ids", [[], [3]])
def test_a_text_without_a_prediction_is_an_error(model, ids):
    with pytest.raises(DataError, match="at least 2"):
        score(model, ids)
