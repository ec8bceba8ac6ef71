"""The language model through the interface of tasks."""

import numpy as np

from recurry.data.configuration import DataConfig
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.tasks.language_task import LanguageTask
from recurry.tasks.scoring import score

TASK = LanguageTask()


def test_from_settings_to_a_model(tmp_path):
    (tmp_path / "a.txt").write_text("the quick brown fox " * 20)
    settings = {
        "data": DataConfig(paths=(str(tmp_path / "a.txt"),), tokens="bytes"),
        "network": NetworkConfig(cell="gru", hidden_size=4),
        "dropout": Dropout(),
    }
    prepared = TASK.prepare(settings, tmp_path / "data")
    assert TASK.load_prepared(tmp_path / "data").key == prepared.key
    model = TASK.build(settings, prepared, cell="lstm", seed=0)
    assert model.cell.name == "lstm"
    assert model.network_config == settings["network"]
    assert TASK.units(settings) == "bytes"


def test_scores_are_those_of_the_text(model):
    ids = np.arange(40) % 7
    assert TASK.score(model, ids) == TASK.validate(model, ids) == score(model, ids)
    assert TASK.pictures(model, ids) == {}


def test_into_a_description_and_back(model):
    description = TASK.describe(model)
    assert tuple(description) == TASK.parts
    blueprint = TASK.blueprint(model.cell, description)
    weights = model.network.state_dict()
    assert blueprint.shapes() == {name: tuple(w.shape) for name, w in weights.items()}
    assert (blueprint.precision, blueprint.num_layers) == ("float64", 1)
    again = blueprint.make({"a": 1.0}, {})
    assert again.dropout == model.dropout
    assert dict(again.scores) == {"a": 1.0}
