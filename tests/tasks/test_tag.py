"""Words labelled: reading, learning, answering, and what is said of data that do not fit."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recurry.data.record_configuration import SentencesConfig, WordsConfig
from recurry.errors import DataError, RecurryError, UsageError
from recurry.network.configuration import SpellingConfig, TaggerConfig
from recurry.network.dropout import Dropout
from recurry.network.words import Words
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start
from recurry.tasks.tag import Tag, TagsConfig, make_words
from recurry.tasks.tag_scores import EntityScores, TagScores
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    RecordTraining,
    ScheduleConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState

TASK = Tag()
ENDINGS = {"ed": "VERB", "ly": "ADV", "er": "NOUN"}


def _word(chance: random.Random) -> tuple[str, str]:
    """A word that is hardly seen twice, whose ending is its label."""
    ending = chance.choice(list(ENDINGS))
    return "".join(chance.choices("abdgkmo", k=4)) + ending, ENDINGS[ending]


@pytest.fixture
def columns(tmp_path) -> Path:
    """Sentences of such words."""
    chance = random.Random(0)
    blocks = [
        "\n".join(" ".join(_word(chance)) for _ in range(chance.randint(1, 6))) for _ in range(240)
    ]
    (tmp_path / "a.conll").write_text("\n\n".join(blocks) + "\n")
    return tmp_path / "a.conll"


@pytest.fixture
def people(tmp_path) -> Path:
    """Sentences in which a title begins a name of one or two words."""
    chance = random.Random(0)
    blocks = []
    for _ in range(240):
        pairs = []
        for _ in range(chance.randint(1, 3)):
            pairs += [(_word(chance)[0], "O")] * chance.randint(0, 2) + [("Mr", "B-PER")]
            name = "".join(chance.choices("abdgkmo", k=4)).title()
            pairs += [(name, "I-PER")] * chance.randint(1, 2)
        blocks.append("\n".join("\t".join(pair) for pair in pairs))
    (tmp_path / "p.conll").write_text("\n\n".join(blocks) + "\n")
    return tmp_path / "p.conll"


def _settings(path: Path, *, crf=False, scheme="auto", words=None, **data) -> dict:
    return {
        "data": SentencesConfig.model_validate({"paths": (str(path),), "test": 0.2} | data),
        "words": WordsConfig(**(words or {})),
        "network": TaggerConfig(cell="gru", embedding_size=8, hidden_size=8),
        "spelling": SpellingConfig(character_size=8, size=8, word_dropout=0.3),
        "answer": TagsConfig(scheme=scheme, crf=crf),
        "dropout": Dropout(),
    }


def _train(settings: dict, folder: Path, *, epochs: int = 6):
    records = TASK.prepare(settings, folder)
    model = TASK.build(settings, records, cell="gru", seed=0)
    state = TrainingState.begin(
        model,
        TrainingData(train=records.train, validation=records.validation),
        training=RecordTraining(epochs=epochs),
        batches=BatchConfig(records=16),
        optimiser=OptimiserConfig(learning_rate=0.03),
        schedule=ScheduleConfig(),
    )
    list(fit(model, TrainingData(train=records.train, validation=records.validation), state))
    return model, records


def test_words_that_were_never_seen_are_known_by_their_endings(columns, tmp_path):
    model, records = _train(_settings(columns), tmp_path / "data")
    scores = TASK.score(model, records.test)
    assert type(scores) is TagScores
    assert scores.unknown_accuracy > 0.95
    assert scores.num_unknown > 0.5 * scores.num_words
    (answer,) = TASK.predict(model, ["gggger ddddly kkkked"])
    assert answer == {"labels": ["NOUN", "ADV", "VERB"], "words": ["gggger", "ddddly", "kkkked"]}
    assert "confusion.svg" in TASK.pictures(model, records.validation)


@pytest.mark.parametrize("crf", [False, True])
def test_entities_are_found(people, tmp_path, crf):
    model, records = _train(_settings(people, crf=crf), tmp_path / "data")
    scores = TASK.validate(model, records.test)
    assert isinstance(scores, EntityScores)
    assert scores.f1 > 0.9
    assert TASK.predict(model, ["abaded Mr Gogo Damo"])[0]["labels"] == [
        "O",
        "B-PER",
        "I-PER",
        "I-PER",
    ]


@pytest.mark.parametrize("crf", [False, True])
def test_only_valid_sequences_are_answered(people, tmp_path, crf):
    settings = _settings(people, crf=crf)
    records = TASK.prepare(settings, tmp_path / "data")
    model = TASK.build(settings, records, cell="gru", seed=0)
    head = model.network.head
    head.linear.bias.data[:] = 0
    head.linear.bias.data[model.knowledge.labels.numbers["I-PER"]] = 50  # it would say only this
    assert TASK.predict(model, ["a b c"])[0]["labels"] == ["B-PER", "I-PER", "I-PER"]
    free = _settings(people, crf=crf, scheme="none")
    records = TASK.prepare(free, tmp_path / "free")
    model = TASK.build(free, records, cell="gru", seed=0)
    model.network.head.linear.bias.data[model.knowledge.labels.numbers["I-PER"]] = 50
    assert TASK.predict(model, ["a b c"])[0]["labels"] == ["I-PER"] * 3
    assert type(TASK.score(model, records.validation)) is TagScores


def test_an_answer_does_not_depend_on_the_others(columns, tmp_path):
    model, _ = _train(_settings(columns), tmp_path / "data", epochs=1)
    texts = ["gggger", "ddddly " * 60, "", "ωωω kkkked"]
    together = TASK.predict(model, texts)
    assert together == [TASK.predict(model, [text])[0] for text in texts]
    assert together[2] == {"labels": [], "words": [], "remarks": ["empty"]}
    assert TASK.predict(model, []) == []
    (strange,) = TASK.predict(model, ["ωω ψ"])
    assert strange["remarks"] == ["unknown"]
    assert len(strange["labels"]) == 2


def test_long_sentences_are_read_in_pieces(columns, tmp_path):
    settings = _settings(columns, words={"longest": 4})
    model, records = _train(settings, tmp_path / "data", epochs=1)
    assert "read in pieces" in " ".join(records.notes)
    assert records.train.lengths.max() == 4
    text = "gggger ddddly kkkked"
    (whole,) = TASK.predict(model, [f"{text} kkkked {text}"])
    assert whole["words"] == f"{text} kkkked {text}".split()
    assert whole["labels"][4:] == TASK.predict(model, [text])[0]["labels"]


def test_labels_that_only_another_part_has(people, tmp_path):
    (tmp_path / "v.conll").write_text("Mr\tB-PER\nGogo\tI-PER\n\nMr\tB-LOC\nGogo\tI-LOC\n")
    settings = _settings(people, validation=str(tmp_path / "v.conll"), test=None)
    model, records = _train(settings, tmp_path / "data")
    assert records.test is None
    told = " ".join(records.notes)
    assert "2 words of the validation part have a label that the training part lacks" in told
    assert "count as mistakes: B-LOC, I-LOC" in told
    scores = TASK.score(model, records.validation)
    assert isinstance(scores, EntityScores)
    assert (scores.num_entities, scores.num_unseen) == (2, 2)
    assert (scores.recall, scores.accuracy) == (0.5, 0.5)
    seen = TASK.score(model, records.validation.take([0]))
    assert scores.loss_nats == pytest.approx(seen.loss_nats, rel=1e-4)
    assert TASK.score(model, records.validation.take([1])).loss_nats == 0


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("ωω X\n", "no character in common", "v.conll:1"),
        ("ab NOUN\nad NEW\n", "Every sentence of the validation part has a label", "v.conll:1"),
        ("ab X\ncd\n", "line is broken", "v.conll:2"),
        ("\n\n", "is empty", "v.conll"),
    ],
)
def test_files_that_cannot_be_used(columns, tmp_path, text, message, place):
    (tmp_path / "v.conll").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        TASK.prepare(_settings(columns, validation=str(tmp_path / "v.conll")), tmp_path / "data")
    assert place in str(caught.value)


def test_labels_that_do_not_fit_their_scheme(columns, tmp_path):
    with pytest.raises(DataError, match="does not mark a span"):
        TASK.prepare(_settings(columns, scheme="bio"), tmp_path / "data")
    columns.write_text("ab X\n" * 4)
    with pytest.raises(DataError, match="only one class"):
        TASK.prepare(_settings(columns, validation=0, test=None), tmp_path / "data")


def test_labels_that_break_the_rules_are_counted(tmp_path):
    (tmp_path / "a.conll").write_text("Mr B-PER\nGogo I-PER\n\na O\nDamo I-PER\n\n" * 5)
    settings = _settings(tmp_path / "a.conll", validation=0, test=None)
    (told,) = TASK.prepare(settings, tmp_path / "data").notes
    assert "5 sentences of the train part have labels that break the rules of BIO" in told
    free = settings | {"answer": TagsConfig(scheme="none")}
    assert TASK.prepare(free, tmp_path / "free").notes == ()


def test_files_are_written_back(columns, tmp_path):
    model, _ = _train(_settings(columns), tmp_path / "data")
    assert TASK.rewrite(model, "gggger\n\nddddly\n", "x") == "gggger\tNOUN\n\nddddly\tADV\n"
    line = "1\tgggger\t_\t{}\t_\t_\t_\t_\t_\t_\n"
    with pytest.raises(UsageError, match="learnt from no field of CoNLL-U") as caught:
        TASK.rewrite(model, line.format("_"), "x.conllu")
    assert "--label-column MISC" in str(caught.value)
    for paths, label in ((("a.conllu",), "auto"), (("a.conll",), "upos")):
        settings = SentencesConfig(paths=paths, label_column=label)
        model = replace(model, settings=dict(model.settings) | {"data": settings})
        assert TASK.rewrite(model, line.format("_"), "x.conllu") == line.format("NOUN")
    with pytest.raises(DataError, match="no sentence"):
        TASK.rewrite(model, "# x\n", "x.conllu")


def test_other_files_are_read_as_those_of_the_training_were(columns, tmp_path):
    model, _ = _train(_settings(columns), tmp_path / "data", epochs=1)
    (tmp_path / "b.conll").write_text("NOUN x gggger\n")
    changes = {"word_column": 3, "label_column": 1}
    found = TASK.read_labelled(model, [str(tmp_path / "b.conll")], changes)
    assert found.train.sequences["labels"].values.tolist() == [
        model.knowledge.labels.numbers["NOUN"]
    ]


@pytest.mark.parametrize("crf", [False, True])
def test_resuming_gives_the_same_bits(people, tmp_path, crf):
    """Dropout, words taken for unknown, averages and chains go on as if never stopped."""
    settings = {
        "data.paths": [str(people)],
        "network.hidden_size": 8,
        "network.embedding_size": 8,
        "spelling.size": 8,
        "answer.crf": crf,
        "training.epochs": 2,
        "report.log_every": 1,
    }
    config = load_config("entities", overrides=settings)
    whole = start(config, tmp_path / "whole")
    list(whole.train())
    stopped = start(config, tmp_path / "parts").train()
    for progress in stopped:
        if progress.update == 8:  # in the second epoch
            break
    stopped.close()
    again = resume(tmp_path / "parts")
    list(again.train())
    expected = whole.model.network.state_dict()
    for name, weight in again.model.network.state_dict().items():
        assert torch.equal(weight, expected[name]), name
    for name in ("log.jsonl", "curves.csv", "confusion.svg", "model.safetensors"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_different_words_of_a_batch_are_read_once(columns, tmp_path):
    settings = _settings(columns)
    records = TASK.prepare(settings, tmp_path / "data")
    model = TASK.build(settings, records, cell="gru", seed=0)
    lexicon, sentences = model.knowledge.lexicon, [["ab", "new", "ab"], ["new"]]
    (tmp_path / "b.conll").write_text("ab NOUN\nnew X\nab X\n\nnew X\n")
    examples = TASK.read_labelled(model, [str(tmp_path / "b.conll")], {}).train
    found = make_words(examples, model.network.device)
    plain = Words.of(
        sentences,
        words=lexicon.words.numbers,
        characters=lexicon.characters.numbers,
        unknown=lexicon.unknown_word,
    )
    assert found.places.tolist() == plain.places.tolist()
    assert found.ids.tolist() == plain.ids.tolist()
    assert list(found.lengths) == list(plain.lengths)
    assert np.array_equal(found.characters[:2, 0], [lexicon.characters.numbers[c] for c in "ab"])


def test_what_a_model_file_says(columns, tmp_path):
    settings = _settings(columns)
    records = TASK.prepare(settings, tmp_path / "data")
    model = TASK.build(settings, records, cell="gru", seed=0)
    description = TASK.describe(model)
    again = TASK.blueprint(model.cell, description).make({}, {})
    again.network.load_state_dict(model.network.state_dict())
    assert TASK.predict(again, ["ab gggger"]) == TASK.predict(model, ["ab gggger"])
    assert again.network.front.spelling.layer.cell.name == "lstm"  # not that of the words
    for change in (
        {"scheme": "xyz"},
        {"scheme": "bio"},
        {"labels": {}},
        {"lexicon": None},
        {"other": 1},
    ):
        with pytest.raises(RecurryError):
            TASK.read_knowledge(description["knowledge"] | change)


def test_real_entities(data_folder, tmp_path):
    lines = (data_folder / "wnut17" / "wnut17train.conll").read_text(encoding="utf-8")
    (tmp_path / "w.conll").write_text("\n\n".join(lines.split("\n\n")[:200]) + "\n")
    model, records = _train(_settings(tmp_path / "w.conll", crf=True), tmp_path / "data", epochs=1)
    scores = TASK.score(model, records.test)
    assert isinstance(scores, EntityScores)
    assert scores.accuracy > 0.8
