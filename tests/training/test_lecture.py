"""The preset `lecture` against an implementation of the classic script of its own, in NumPy.

The script is chaotic: a change of its initial weights in the last bit changes its loss by whole
nats within some dozen updates (the last test here shows it), as Adagrad's first update moves every
weight by the full rate. So two correct programs agree update by update from equal weights, which
is tested on all 200, and along the whole curve only where the rate is gentle enough.
"""

import tomllib
from importlib.resources import files

import numpy as np
import pytest

from recurry.data.codec import Codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.corpus import shakespeare_path
from recurry.data.ids import IdFile
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel
from recurry.training.configuration import (
    OptimiserConfig,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState

NUM_UPDATES = 200
STEPS, LARGEST = 25, 5.0
GENTLE_RATE = 0.01


def loss_and_gradients(inputs, targets, *, weights, h):
    """One window of the script: forward, backward through all of its steps, clip by value."""
    xs, hs, ps, loss = {}, {-1: h}, {}, 0.0
    num_symbols = len(weights["by"])
    for t, symbol in enumerate(inputs):
        xs[t] = np.zeros((num_symbols, 1))
        xs[t][symbol] = 1
        hs[t] = np.tanh(weights["Wxh"] @ xs[t] + weights["Whh"] @ hs[t - 1] + weights["bh"])
        y = weights["Why"] @ hs[t] + weights["by"]
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
    dh_next = np.zeros_like(h)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        gradients["Why"] += dy @ hs[t].T
        gradients["by"] += dy
        dh_raw = (1 - hs[t] * hs[t]) * (weights["Why"].T @ dy + dh_next)
        gradients["bh"] += dh_raw
        gradients["Wxh"] += dh_raw @ xs[t].T
        gradients["Whh"] += dh_raw @ hs[t - 1].T
        dh_next = weights["Whh"].T @ dh_raw
    for gradient in gradients.values():
        np.clip(gradient, -LARGEST, LARGEST, out=gradient)
    return loss, gradients, hs[len(inputs) - 1]


class Script:
    """The state of the script: weights, Adagrad's memory, and the carried h."""

    def __init__(self, weights: dict[str, np.ndarray], *, rate: float) -> None:
        self.weights, self.rate = weights, rate
        self.memory = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.h = np.zeros((len(weights["bh"]), 1))

    def update(self, ids: np.ndarray, n: int) -> float:
        """Make update n and return its loss."""
        inputs = ids[n * STEPS : (n + 1) * STEPS]
        targets = ids[n * STEPS + 1 : (n + 1) * STEPS + 1]
        loss, gradients, self.h = loss_and_gradients(
            inputs, targets, weights=self.weights, h=self.h
        )
        for name, gradient in gradients.items():
            self.memory[name] += gradient * gradient
            self.weights[name] += -self.rate * gradient / np.sqrt(self.memory[name] + 1e-8)
        return loss

    def losses(self, ids: np.ndarray) -> np.ndarray:
        """The loss of all updates."""
        return np.array([self.update(ids, n) for n in range(NUM_UPDATES)])


def weights_of(network) -> dict[str, np.ndarray]:
    """Copies of a network's weights under the script's names."""
    found = {name: w.detach().numpy().copy() for name, w in network.named_parameters()}
    roles = {"W_h": "Wxh", "U_h": "Whh", "b_h": "bh", "weight": "Why", "bias": "by"}
    named = {roles[name.rsplit(".", 1)[-1]]: value for name, value in found.items()}
    return {name: v if v.ndim == 2 else v[:, None] for name, v in named.items()}


@pytest.fixture
def tables() -> dict:
    """The tables of the preset."""
    return tomllib.loads((files("recurry.runs") / "presets" / "lecture.toml").read_text())


@pytest.fixture
def ids() -> np.ndarray:
    """The beginning of tiny Shakespeare."""
    text = shakespeare_path().read_text()[: NUM_UPDATES * STEPS + 1]
    symbols = sorted(set(text))
    return np.array([symbols.index(character) for character in text])


@pytest.fixture
def begin_lecture(tables, ids):
    """A function that begins the preset's training on these symbols, at some learning rate."""

    def begin_at(rate: float) -> tuple[LanguageModel, TrainingData, TrainingState]:
        config = DataConfig(**tables["data"])
        vocabulary = Vocabulary(
            symbols=tuple(map(chr, range(65, 66 + ids.max()))), counts=(1,) * (ids.max() + 1)
        )
        codec = Codec(config=config, tokeniser=make_tokeniser(config), vocabulary=vocabulary)
        model = LanguageModel.build(
            network_config=NetworkConfig(**tables["network"]), codec=codec, seed=0
        )
        data = TrainingData(train=IdFile.from_array(ids))
        state = TrainingState.begin(
            model,
            data,
            training=TrainingConfig(**tables["training"]),
            window=WindowConfig(**tables["window"]),
            optimiser=OptimiserConfig(**tables["optimiser"] | {"learning_rate": rate}),
            schedule=ScheduleConfig(),
        )
        return model, data, state

    return begin_at


def test_each_update_of_the_preset_is_that_of_the_script(begin_lecture, tables, ids):
    """200 updates along the preset's own path: loss, carried state and new weights agree."""
    rate = tables["optimiser"]["learning_rate"]
    model, data, state = begin_lecture(rate)
    script = Script(weights_of(model.network), rate=rate)
    run, worst = fit(model, data, state), 0.0
    for n in range(NUM_UPDATES):
        script.weights = weights_of(model.network)
        script.h = state.carried["h"][0].numpy().T.copy() if state.carried else script.h
        expected = script.update(ids, n)
        progress = next(run)
        worst = max(worst, abs(progress.loss_nats * STEPS - expected))
        worst = max(worst, np.abs(state.carried["h"][0].numpy().T - script.h).max())
        for name, weight in weights_of(model.network).items():
            worst = max(worst, np.abs(weight - script.weights[name]).max())
    assert state.is_finished
    assert worst < 1e-6


def test_the_loss_curve_is_that_of_the_script(begin_lecture, ids):
    """200 updates from the same initial weights, at a rate at which the script is not chaotic."""
    model, data, state = begin_lecture(GENTLE_RATE)
    expected = Script(weights_of(model.network), rate=GENTLE_RATE).losses(ids)
    found = np.array([progress.loss_nats * STEPS for progress in fit(model, data, state)])
    assert np.max(np.abs(found - expected)) < 1e-6
    assert expected[-20:].mean() < 0.85 * expected[0]


def test_the_script_does_not_agree_with_itself(begin_lecture, ids, rng):
    """What the first test must work around: one part in 10^15 grows to more than a nat."""
    model, _, _ = begin_lecture(0.1)
    weights = weights_of(model.network)
    moved = {name: w * (1 + 1e-15 * rng.normal(size=w.shape)) for name, w in weights.items()}
    curves = [Script(start, rate=0.1).losses(ids) for start in (weights, moved)]
    assert np.abs(curves[0] - curves[1]).max() > 1e-3


def test_the_preset_starts_from_small_weights(begin_lecture, tables):
    model, _, _ = begin_lecture(tables["optimiser"]["learning_rate"])
    weights = weights_of(model.network)
    assert all(np.std(weights[name]) == pytest.approx(0.01, rel=0.1) for name in ("Whh", "Why"))
    assert not weights["bh"].any()
    assert not weights["by"].any()
