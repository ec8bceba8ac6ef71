"""What tasks over records share: keys, blueprints, and what a hostile description gets."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.data.known import Known
from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.errors import RecurryError, ShapeError
from recurry.network.classifier import Classifier
from recurry.network.configuration import EncoderConfig
from recurry.network.dropout import Dropout
from recurry.tasks.classify import AnswerConfig, Classify

TASK = Classify()


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "good,pos\nbad,neg\n" * 10)
    return {
        "data": RecordsConfig(paths=(str(tmp_path / "a.csv"),)),
        "text": TextConfig(),
        "network": EncoderConfig(cell="gru", hidden_size=6, num_layers=2),
        "answer": AnswerConfig(kind="class"),
        "dropout": Dropout(output=0.5),
    }


@pytest.fixture
def model(settings, tmp_path):
    records = TASK.prepare(settings, tmp_path / "data")
    return TASK.build(settings, records, cell="gru", seed=3)


def test_the_seed_decides_and_torch_s_generator_stays(settings, tmp_path, model):
    records = TASK.load_prepared(tmp_path / "data")
    before = torch.get_rng_state()
    again = TASK.build(settings, records, cell="gru", seed=3)
    other = TASK.build(settings, records, cell="gru", seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    weights = [m.network.state_dict()["head.linear.weight"] for m in (model, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_where_files_lie_is_no_part_of_the_key_and_of_the_model(settings, tmp_path, model):
    key = TASK.load_prepared(tmp_path / "data").key
    (tmp_path / "moved").mkdir()
    moved = (tmp_path / "a.csv").rename(tmp_path / "moved" / "a.csv")
    settings["data"] = RecordsConfig(paths=(str(moved),))
    assert TASK.prepare(settings, tmp_path / "again").key == key
    assert TASK.describe(model)["settings"]["data"]["paths"] == ["a.csv"]
    assert str(tmp_path) not in str(TASK.describe(model))


def test_a_description_names_every_weight_without_making_it(model):
    blueprint = TASK.blueprint(model.cell, TASK.describe(model))
    weights = model.network.state_dict()
    assert blueprint.shapes() == {name: tuple(w.shape) for name, w in weights.items()}
    again = blueprint.make({"a": 1.0}, {"b": 2})
    assert isinstance(again.network, Classifier)
    again.network.load_state_dict(weights)
    assert again.network.recurrent.cell == find_cell("gru")
    assert TASK.predict(again, ["good"]) == TASK.predict(model, ["good"])


def test_sizes_beyond_all_memory_are_shapes_only(model, settings, tmp_path):
    description = TASK.describe(model)
    description["settings"]["network"]["hidden_size"] = 1_000_000
    shapes = TASK.blueprint(model.cell, description).shapes()
    assert shapes["recurrent.layers.1.forward.U_h"] == (1_000_000, 1_000_000)
    settings["network"] = EncoderConfig(hidden_size=1_000_000)
    with pytest.raises(ShapeError, match="larger than the memory"):
        TASK.build(settings, TASK.load_prepared(tmp_path / "data"), cell="gru", seed=0)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {}},
        {"settings": {"network": {}}},
        {"knowledge": {}},
        {"knowledge": {"codec": {}, "labels": {}}},
    ],
)
def test_a_description_that_is_wrong(model, change):
    with pytest.raises(RecurryError):
        TASK.blueprint(model.cell, TASK.describe(model) | change)


def test_a_limit_that_is_none_is_no_part_of_a_description(model, settings, tmp_path):
    assert "limit" not in TASK.describe(model)["settings"]["data"]
    data = settings["data"].model_copy(update={"limit": 12})
    records = TASK.prepare({**settings, "data": data}, tmp_path / "few")
    assert len(records.train) == 12
    few = TASK.build({**settings, "data": data}, records, cell="gru", seed=0)
    assert TASK.describe(few)["settings"]["data"]["limit"] == 12
    whole = TASK.read_labelled(few, data.paths, {})
    assert len(whole.train) > 12


def test_symbols_of_a_source_are_part_of_the_key(settings, tmp_path):
    known = Known(symbols=("zebra",), sha256="0" * 64)
    plain, more = (
        TASK.prepare(settings, tmp_path / "a"),
        TASK.prepare(settings, tmp_path / "b", known),
    )
    assert plain.key != more.key
    assert "zebra" in more.knowledge["codec"]["vocabulary"]["symbols"]
