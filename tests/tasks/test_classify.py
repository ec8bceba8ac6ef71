"""Texts told apart: reading, learning, answering, and what is said of data that do not fit."""

import random
from pathlib import Path

import numpy as np
import pytest

from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.errors import DataError, UsageError
from recurry.network.configuration import EncoderConfig
from recurry.network.dropout import Dropout
from recurry.tasks.class_answers import temperature_of
from recurry.tasks.class_scores import ClassScores, NumberScores, RatingScores
from recurry.tasks.classify import AnswerConfig, Classify, outputs
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    RecordTraining,
    ScheduleConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState

TASK = Classify()
WORDS = {"awful": "1", "poor": "2", "good": "3"}


@pytest.fixture
def table(tmp_path) -> Path:
    """Texts of nothing in particular but for one word, which is the label."""
    chance = random.Random(0)
    lines = ["text,label"]
    for _ in range(240):
        words = chance.choices(["red", "green", "blue", "cat", "dog"], k=chance.randint(1, 8))
        word = chance.choice(list(WORDS))
        words.insert(chance.randint(0, len(words)), word)
        lines.append(f"{' '.join(words)},{WORDS[word]}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "a.csv"


def _settings(path: Path, *, kind: str = "class", answer: dict | None = None, **data) -> dict:
    return {
        "data": RecordsConfig.model_validate({"paths": (str(path),), "test": 0.2} | data),
        "text": TextConfig(),
        "network": EncoderConfig(cell="gru", embedding_size=8, hidden_size=8),
        "answer": AnswerConfig.model_validate({"kind": kind} | (answer or {})),
        "dropout": Dropout(),
    }


def _train(settings: dict, folder: Path, *, epochs: int = 6):
    records = TASK.prepare(settings, folder)
    model = TASK.build(settings, records, cell="gru", seed=0)
    data = TrainingData(train=records.train, validation=records.validation)
    state = TrainingState.begin(
        model,
        data,
        training=RecordTraining(epochs=epochs),
        batches=BatchConfig(records=16),
        optimiser=OptimiserConfig(learning_rate=0.03),
        schedule=ScheduleConfig(),
    )
    progress = list(fit(model, data, state))
    scores = progress[-1].validation
    assert scores is not None
    temperature = getattr(scores, "temperature", 1.0)
    return model.with_scores({"validation_temperature": temperature}), records, scores


@pytest.mark.parametrize(
    ("kind", "scored"),
    [("class", ClassScores), ("rating", RatingScores), ("number", NumberScores)],
)
def test_every_kind_of_label_is_learnt(table, tmp_path, kind, scored):
    model, records, validation = _train(_settings(table, kind=kind), tmp_path / "data")
    assert isinstance(validation, scored)
    assert records.test is not None
    scores = TASK.score(model, records.test)
    if isinstance(scores, NumberScores):
        assert scores.mean_absolute_error < 0.3
        assert TASK.predict(model, ["a good dog"])[0]["value"] == pytest.approx(3, abs=0.5)
        assert TASK.pictures(model, records.test) == {}
        return
    assert scores.accuracy > 0.9
    assert TASK.predict(model, ["a good dog"])[0]["label"] == "3"
    assert "confusion.svg" in TASK.pictures(model, records.test)


def test_an_answer_does_not_depend_on_the_others(table, tmp_path):
    model, _, _ = _train(_settings(table), tmp_path / "data", epochs=2)
    texts = ["good", "a poor dog and a cat " * 40, "", "zzz", "awful"]
    together = TASK.predict(model, texts)
    assert [answer.get("remarks") for answer in together][2:] == [["empty"], ["unknown"], None]
    for text, answer in zip(texts, together, strict=True):
        (alone,) = TASK.predict(model, [text])
        assert alone["label"] == answer["label"]
        for name, share in answer["probabilities"].items():
            assert alone["probabilities"][name] == pytest.approx(share, abs=2e-6)
    assert TASK.predict(model, []) == []


def test_probabilities_are_those_of_the_temperature(table, tmp_path):
    model, records, _ = _train(_settings(table), tmp_path / "data", epochs=1)
    warm = model.with_scores({"validation_temperature": 4.0})
    assert temperature_of(warm) == 4.0
    sure, unsure = (
        max(TASK.predict(m, ["good"])[0]["probabilities"].values()) for m in (model, warm)
    )
    assert unsure < sure
    assert np.array_equal(outputs(model, records.validation), outputs(warm, records.validation))
    fitted = TASK.validate(warm, records.validation)
    assert isinstance(fitted, ClassScores)
    assert fitted.temperature != 4.0


def test_rare_classes_weigh_more_where_asked_for(table, tmp_path):
    losses = {}
    for weights in ("equal", "balanced"):
        settings = _settings(table, answer={"class_weights": weights})
        records = TASK.prepare(settings, tmp_path / weights)
        model = TASK.build(settings, records, cell="gru", seed=0)
        _, losses[weights] = TASK.loss(model, records.train)
    assert losses["equal"] == len(records.train)
    assert losses["balanced"] == pytest.approx(len(records.train), rel=1e-5)


def test_the_same_data_are_split_the_same_and_keep_their_key(table, tmp_path):
    settings = _settings(table)
    first, again = (TASK.prepare(settings, tmp_path / name) for name in "ab")
    assert first.key == again.key == TASK.load_prepared(tmp_path / "a").key
    other = TASK.prepare(_settings(table, split_seed=1), tmp_path / "c")
    assert other.key != first.key
    assert [len(part) for part in (first.train, first.validation)] == [168, 24]


def test_files_of_their_own_for_validation_and_test(table, tmp_path):
    (tmp_path / "v.csv").write_text("text,label\ngood,3\n,1\nred,7\n")
    settings = _settings(table, validation=str(tmp_path / "v.csv"), test=None)
    records = TASK.prepare(settings, tmp_path / "data")
    assert [len(records.train), len(records.validation)] == [240, 3]
    assert records.test is None
    assert records.validation.values["label"].tolist() == [2, 0, -1]
    told = " ".join(records.notes)
    assert "1 texts of the validation part are empty" in told
    assert "1 records of the validation part have a class that the training part lacks" in told
    assert "count as mistakes: 7" in told


def test_a_part_without_any_known_word_is_refused(table, tmp_path):
    (tmp_path / "v.csv").write_text("text,label\nsehr gut,3\n")
    with pytest.raises(DataError, match="no symbol in common") as caught:
        TASK.prepare(_settings(table, validation=str(tmp_path / "v.csv")), tmp_path / "data")
    assert "v.csv:2" in str(caught.value)


def test_a_held_out_part_without_a_known_class_is_refused(tmp_path):
    """As where the columns of text and label are mistaken for one another."""
    path = tmp_path / "swapped.csv"
    path.write_text("label,text\n" + "".join(f"a good dog {n},{n % 5}\n" for n in range(60)))
    with pytest.raises(DataError, match="labels of the validation part and the training") as caught:
        TASK.prepare(_settings(path, test=None), tmp_path / "data")
    assert "--label-column NAME" in str(caught.value)


def test_other_files_are_read_as_those_of_the_training_were(table, tmp_path):
    model, _, _ = _train(_settings(table), tmp_path / "data", epochs=1)
    (tmp_path / "b.tsv").write_text("stars\ttext\n3\tgood\n1\tawful\n")
    with pytest.raises(DataError, match="no column 'label'"):
        TASK.read_labelled(model, [str(tmp_path / "b.tsv")], {})
    found = TASK.read_labelled(model, [str(tmp_path / "b.tsv")], {"label_column": "stars"})
    assert found.train.values["label"].tolist() == [2, 0]
    assert len(found.validation) == 0
    with pytest.raises(UsageError, match="cannot be used") as caught:
        TASK.read_labelled(model, [str(tmp_path / "b.tsv")], {"layout": "tsw"})
    assert "layout" in str(caught.value)


def test_real_names(data_folder, tmp_path):
    folder = data_folder / "names_by_language"
    paths = tuple(str(folder / f"{name}.txt") for name in ("Irish", "Polish"))
    settings = _settings(table, layout="files") | {
        "data": RecordsConfig(paths=paths, layout="files", test=0.2),
        "text": TextConfig(tokens="characters"),
    }
    model, records, _ = _train(settings, tmp_path / "data", epochs=8)
    assert records.test is not None
    scores = TASK.score(model, records.test)
    assert isinstance(scores, ClassScores)
    assert scores.accuracy > 0.85
