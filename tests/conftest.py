"""Fixtures that every test may use: one seed, the folder of real data, models of several tasks."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

# Shapes in signatures are checked while tests run, at no cost to users.
_HOOK = install_import_hook(
    ["recurry.network", "recurry.backends", "recurry.tasks", "recurry.training"],
    "beartype.beartype",
)


@pytest.fixture(autouse=True)
def seed() -> int:
    """One seed for torch's generator, set before every test that has torch loaded."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    return 0


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator that starts at the same place in every test."""
    return np.random.default_rng(0)


@pytest.fixture
def data_folder() -> Path:
    """The folder of real data sets, or a skip that says how to name one."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RECURRY_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no data folder: set RECURRY_DATA to one")
    return folder


@pytest.fixture
def classifier(tmp_path):
    """A classifier of texts with random weights, which reads both ways."""
    from recurry.data.record_configuration import RecordsConfig, TextConfig
    from recurry.network.configuration import EncoderConfig
    from recurry.network.dropout import Dropout
    from recurry.tasks.classify import AnswerConfig, Classify

    (tmp_path / "a.csv").write_text("text,label\n" + "bad cat,no\ngood dog,yes\n" * 20)
    tables = {
        "data": RecordsConfig(paths=(str(tmp_path / "a.csv"),)),
        "text": TextConfig(longest=12),
        "network": EncoderConfig(
            cell="gru", embedding_size=4, hidden_size=6, is_bidirectional=True, num_layers=2
        ),
        "answer": AnswerConfig(),
        "dropout": Dropout(),
    }
    records = Classify().prepare(tables, tmp_path / "classify")
    return Classify().build(tables, records, cell="gru", seed=0)


@pytest.fixture
def translator(tmp_path):
    """A translator with random weights."""
    from recurry.data.record_configuration import PairsConfig, SidesConfig
    from recurry.network.configuration import DecoderConfig, EncoderDecoderConfig
    from recurry.network.dropout import Dropout
    from recurry.tasks.translate import Translate
    from recurry.tasks.translations import DecodingConfig

    pairs = "".join(f"the cat {number}\tle chat {number}\n" for number in range(40))
    (tmp_path / "a.tsv").write_text("source\ttarget\n" + pairs)
    tables = {
        "data": PairsConfig(paths=(str(tmp_path / "a.tsv"),)),
        "text": SidesConfig(tokens="words"),
        "network": EncoderDecoderConfig(cell="gru", embedding_size=4, hidden_size=8),
        "decoder": DecoderConfig(),
        "decoding": DecodingConfig(beam=1),
        "dropout": Dropout(),
    }
    records = Translate().prepare(tables, tmp_path / "translate")
    return Translate().build(tables, records, cell="gru", seed=0)


@pytest.fixture
def tagger(tmp_path):
    """A tagger with random weights, which reads both ways."""
    from recurry.data.record_configuration import SentencesConfig, WordsConfig
    from recurry.network.configuration import SpellingConfig, TaggerConfig
    from recurry.network.dropout import Dropout
    from recurry.tasks.tag import Tag, TagsConfig

    (tmp_path / "a.conll").write_text("the DET\ncat NOUN\nsat VERB\n\n" * 20)
    tables = {
        "data": SentencesConfig(paths=(str(tmp_path / "a.conll"),)),
        "words": WordsConfig(),
        "network": TaggerConfig(cell="lstm", embedding_size=4, hidden_size=6),
        "spelling": SpellingConfig(character_size=4, size=4),
        "answer": TagsConfig(),
        "dropout": Dropout(),
    }
    records = Tag().prepare(tables, tmp_path / "tag")
    return Tag().build(tables, records, cell="lstm", seed=0)
