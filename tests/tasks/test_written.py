"""Writing a text for a text: reversed, copied, resumed, read back; what does not fit is said."""

import json
from dataclasses import replace

import pytest
import torch

from recurry.artefact.model_file import load_model
from recurry.data.record_configuration import PairsConfig, SidesConfig
from recurry.data.synthetic import make_records
from recurry.errors import DataError
from recurry.network.configuration import DecoderConfig, EncoderDecoderConfig
from recurry.network.dropout import Dropout
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start
from recurry.tasks.pair_records import unpack_texts
from recurry.tasks.translate import Translate
from recurry.tasks.translations import DecodingConfig

TASK = Translate()
SETTINGS = {
    "text.tokens": "words",
    "network.cell": "gru",
    "network.embedding_size": 32,
    "network.hidden_size": 64,
    "decoder.smoothing": 0.0,
    "network.precision": "float32",
    "decoding.beam": 2,
    "dropout.input": 0.0,
    "dropout.output": 0.0,
    "optimiser.learning_rate": 0.01,
    "batches.records": 64,
    "training.averaging": 0.0,
    "data.validation": 0.1,
}


def _made(folder, name: str, count: int, **options):
    """A data set made by rule as a table."""
    path = folder / f"{name}.tsv"
    rows = [(r["source"], r["target"]) for r in make_records(name, count, **options)]
    path.write_text("source\ttarget\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    return path, rows


def _config(path, **changes):
    settings = SETTINGS | {"data.paths": [str(path)]}
    settings |= {name.replace("__", "."): value for name, value in changes.items()}
    return load_config("translate", overrides=settings)


def _tables(path, *, text=None, **data) -> dict:
    return {
        "data": PairsConfig.model_validate({"paths": (str(path),)} | data),
        "text": SidesConfig.model_validate({"tokens": "words"} | (text or {})),
        "network": EncoderDecoderConfig(cell="gru", embedding_size=4, hidden_size=4),
        "decoder": DecoderConfig(),
        "decoding": DecodingConfig(),
        "dropout": Dropout(),
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_symbols_are_reversed(tmp_path):
    """A hundred texts by the preset for rules, to the letter; docs/made-data.md has more."""
    path, _ = _made(tmp_path, "reverse", 20_000)
    changes = {"data.paths": [str(path)], "data.validation": 0.01}
    run = start(load_config("rules", overrides=changes), tmp_path / "run")
    list(run.train())
    fresh = list(make_records("reverse", 100, seed=1))
    answers = TASK.predict(load_model(run.model_path), [record["source"] for record in fresh])
    right = [a["translation"] == r["target"] for a, r in zip(answers, fresh, strict=True)]
    assert all(right)


def test_twenty_symbols_are_copied(tmp_path):
    path, _ = _made(tmp_path, "copy", 2200)
    run = start(_config(path, training__epochs=10), tmp_path / "run")
    *_, last = run.train()
    assert last.validation.loss_nats < 0.02
    model = load_model(run.model_path)
    fresh = list(make_records("copy", 40, seed=1))
    answers = TASK.predict(model, [record["source"] for record in fresh])
    right = [a["translation"] == r["target"] for a, r in zip(answers, fresh, strict=True)]
    assert sum(right) >= 39
    assert "attention.svg" in {file.name for file in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("option", ["has_copying", "has_input_feeding"])
def test_resuming_gives_the_same_bits(tmp_path, option):
    path, _ = _made(tmp_path, "reverse", 200, length=(1, 6))
    changes = {"training__epochs": 2, "dropout__output": 0.3, f"decoder__{option}": True}
    config = _config(path, **changes)
    whole = start(config, tmp_path / "whole")
    list(whole.train())
    for progress in start(config, tmp_path / "parts").train():
        if progress.update == 4:
            break
    again = resume(tmp_path / "parts")
    list(again.train())
    expected = whole.model.network.state_dict()
    for name, weight in again.model.network.state_dict().items():
        assert torch.equal(weight, expected[name]), name


@pytest.fixture
def model(tmp_path):
    """A model with fresh weights."""
    path, _ = _made(tmp_path, "copy", 60, length=(1, 9))
    settings = _tables(path)
    return TASK.build(settings, TASK.prepare(settings, tmp_path / "data"), cell="gru", seed=0)


def test_an_answer_does_not_depend_on_the_others(model):
    texts = ["a b c d", "", "a", "h g f e d c b a"] * 3
    together = TASK.predict(model, texts)
    assert together == [answer for text in texts for answer in TASK.predict(model, [text])]
    assert together[1] == {"translation": "", "remarks": ["empty"]}


def test_a_long_text_is_cut_and_that_is_said(model):
    text = model.settings["text"].model_copy(update={"longest_source": 2})
    short = replace(model, settings={**model.settings, "text": text})
    one, other = TASK.predict(short, ["a b c", "a b"])
    assert one == {**other, "remarks": ["cut"]}


def test_the_loss_is_one_a_symbol_whatever_the_batch(model, tmp_path):
    records = TASK.load_prepared(tmp_path / "data")
    scores = TASK.validate(model, records.train)
    with torch.no_grad():
        nats, count = TASK.loss(model, records.train)
    assert scores.num_symbols == count == TASK.counted(records.train)
    assert scores.loss_nats == pytest.approx(float(nats) / count, rel=1e-4)


def test_a_model_is_read_back(model):
    blueprint = TASK.blueprint(model.cell, json.loads(json.dumps(TASK.describe(model))))
    weights = model.network.state_dict()
    assert blueprint.shapes() == {name: tuple(w.shape) for name, w in weights.items()}
    again = blueprint.make({}, {})
    again.network.load_state_dict(weights)
    assert TASK.predict(again, ["a b c"]) == TASK.predict(model, ["a b c"])


def test_all_translations_of_a_text_are_in_one_part(tmp_path):
    lines = [f"word{n}\tone{n}\nWord{n}!\ttwo{n}\nword{n}\tthree{n}\n" for n in range(30)]
    (tmp_path / "a.tsv").write_text("".join(lines))
    settings = _tables(tmp_path / "a.tsv", validation=0.2, test=0.2)
    records = TASK.prepare(settings, tmp_path / "data")
    assert (len(records.train), len(records.validation), len(records.test)) == (54, 12, 12)
    parts = [records.train, records.validation, records.test]
    found = [
        {text.strip("!").lower() for text in unpack_texts(part.sequences["texts"])}
        for part in parts
    ]
    assert sum(map(len, found)) == 30 == len(set().union(*found))
    references = unpack_texts(records.test.sequences["references"])
    assert sorted(text.count("\n") for text in references) == [0] * 6 + [1] * 6


def test_line_n_of_parallel_files_is_a_text_of_its_own(tmp_path):
    for name in ("a.en", "a.de", "v.en", "v.de"):
        (tmp_path / name).write_text("a b\n" * 5)
    held_out = f"{tmp_path / 'v.en'},{tmp_path / 'v.de'}"
    settings = _tables("", paths=(str(tmp_path / "a.en"), str(tmp_path / "a.de")), test=held_out)
    settings["data"] = settings["data"].model_copy(update={"validation": 0.0})
    records = TASK.prepare(settings, tmp_path / "data")
    assert (len(records.train), len(records.test)) == (5, 5)
    assert str(tmp_path) not in json.dumps(
        TASK.describe(TASK.build(settings, records, cell="gru", seed=0))
    )


@pytest.mark.parametrize(
    ("too_long", "count", "became"), [("left-out", 2, "left out"), ("cut", 3, "cut")]
)
def test_long_pairs_are_counted(tmp_path, too_long, count, became):
    (tmp_path / "a.tsv").write_text("source\ttarget\na\tb\na b c\tb\na\tb b\n")
    text = {"longest_source": 2, "longest_target": 2, "too_long": too_long}
    settings = _tables(tmp_path / "a.tsv", text=text, validation=0.0)
    records = TASK.prepare(settings, tmp_path / "data")
    assert len(records.train) == count
    (note,) = records.notes
    assert note.startswith("1 pairs of the train part are longer than 2")
    assert became in note


def test_texts_of_another_writing_are_refused(tmp_path):
    path, _ = _made(tmp_path, "copy", 20)
    (tmp_path / "v.tsv").write_text("source\ttarget\nжук\tb\n")
    with pytest.raises(DataError, match="no symbol in common"):
        TASK.prepare(_tables(path, validation=str(tmp_path / "v.tsv")), tmp_path / "data")
    text = {"longest_source": 1, "longest_target": 1}
    with pytest.raises(DataError, match="Every pair is longer"):
        TASK.prepare(_tables(path, text=text), tmp_path / "data")


def test_words_that_were_never_seen_are_copied(tmp_path):
    names = [f"{a}{b}" for a in "bcdfgh" for b in "aeiouy"]
    rows = [f"my name is {name}\thello {name}" for name in names]
    (tmp_path / "a.tsv").write_text("source\ttarget\n" + "\n".join(rows * 4) + "\n")
    changes = {"text__min_count": 9, "decoder__has_copying": True, "training__epochs": 12}
    run = start(_config(tmp_path / "a.tsv", **changes), tmp_path / "run")
    list(run.train())
    assert "ba" not in run.model.knowledge.target.vocabulary.numbers
    (answer,) = TASK.predict(load_model(run.model_path), ["my name is Zoe"])
    assert answer == {"translation": "hello Zoe"}
