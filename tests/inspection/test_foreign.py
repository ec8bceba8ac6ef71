"""Models that were trained elsewhere."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from recurry.errors import UsageError
from recurry.inspection.foreign import open_foreign
from recurry.inspection.recording import record
from recurry.inspection.subject import open_subject

SYMBOLS = "\nabcdef gh"
TEXT = "abc def\ngh abc"
KINDS = {
    "lstm": lambda *sizes, **more: nn.LSTM(*sizes, **more),
    "gru": lambda *sizes, **more: nn.GRU(*sizes, **more),
    "rnn": lambda *sizes, **more: nn.RNN(*sizes, **more),
    "rnn_relu": lambda *sizes, **more: nn.RNN(*sizes, nonlinearity="relu", **more),
}


class _Model(nn.Module):
    """A language model as many people write one."""

    def __init__(self, kind: str = "lstm", *, layers: int = 2, is_one_hot: bool = False) -> None:
        super().__init__()
        size = len(SYMBOLS)
        self.encoder = None if is_one_hot else nn.Embedding(size, 5)
        self.rnn = KINDS[kind](size if is_one_hot else 5, 7, layers)
        self.decoder = nn.Linear(7, size)

    def forward(self, ids):
        x = nn.functional.one_hot(ids, len(SYMBOLS)).float()
        return self.decoder(self.rnn(x if self.encoder is None else self.encoder(ids))[0])


def _write(folder, text: str, tensors=None):
    save_file(_Model().state_dict() if tensors is None else tensors, folder / "model.safetensors")
    (folder / "model.toml").write_text(text)
    return folder / "model.toml"


def _toml(kind: str = "lstm", **changes) -> str:
    parts = {
        "weights": "model.safetensors",
        "kind": kind,
        "embedding": "encoder.weight",
        "rnn": "rnn",
        "output": "decoder",
        **changes,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in parts.items() if value is not None]
    return "\n".join([*lines, "[vocabulary]", f"symbols = {json.dumps(SYMBOLS)}\n"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_one_hot", [False, True])
def test_it_predicts_what_the_module_does(tmp_path, kind, is_one_hot):
    model = _Model(kind, is_one_hot=is_one_hot).eval()
    embedding = None if is_one_hot else "encoder.weight"
    path = _write(tmp_path, _toml(kind, embedding=embedding), model.state_dict())
    subject = open_subject(path)
    assert subject.kind == "foreign"
    assert subject.model is None
    recording = record(subject, TEXT)
    with torch.no_grad():
        expected = model(torch.tensor([SYMBOLS.index(c) for c in TEXT])).log_softmax(1).numpy()
    found = subject.log_probabilities(recording.hidden())
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert recording.values("h", layer=1).shape == (len(TEXT), 7)
    assert subject.title.startswith("model: ")


def test_tied_weights_half_precision_and_no_bias(tmp_path):
    rnn, embedding = nn.GRU(7, 7, bias=False), torch.randn(10, 7)
    tensors = {**rnn.state_dict(), "embedding": embedding}
    tensors = {name: value.half() for name, value in tensors.items()}
    path = _write(tmp_path, _toml("gru", embedding="embedding", rnn="", output="tied"), tensors)
    subject = open_foreign(path)
    recording = record(subject, TEXT)
    rnn = rnn.half().float()
    x = embedding.half().float()[recording.symbols.ids]
    with torch.no_grad():
        output, _ = rnn(x)
    np.testing.assert_allclose(recording.hidden(), output, atol=1e-5)
    scores = subject.log_probabilities(recording.hidden())
    expected = (output @ embedding.half().float().T).log_softmax(1)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "content", "more"),
    [
        ("v.json", json.dumps([*SYMBOLS]), ""),
        ("v.json", json.dumps({symbol: n for n, symbol in enumerate(SYMBOLS)}), ""),
        ("v.txt", "\n".join(["\\n", *SYMBOLS[1:]]) + "\n", ""),
        ("v.json", json.dumps(["<pad>", *SYMBOLS[1:]]), 'unknown = "<pad>"'),
    ],
)
def test_vocabularies_in_files(tmp_path, name, content, more):
    (tmp_path / name).write_text(content)
    text = _toml().split("symbols =")[0] + f'file = "{name}"\n{more}\n'
    subject = open_foreign(_write(tmp_path, text))
    found = subject.read("ab\n")
    assert found.ids.tolist() == [1, 2, 0]
    assert found.is_known.tolist() == [True, True, not more]
    assert subject.symbols[1:] == tuple(SYMBOLS[1:])


def test_words(tmp_path):
    words = ["<unk>", "<eos>", *[f"w{n}" for n in range(8)]]
    (tmp_path / "v.json").write_text(json.dumps(words))
    start = _toml().split("symbols =")[0]
    text = start + 'file = "v.json"\ntokens = "words"\nunknown = "<unk>"\nis_spaced = true\n'
    found = open_foreign(_write(tmp_path, text)).read("w3 zz w0\n")
    assert found.ids.tolist() == [5, 0, 2, 1]
    with pytest.raises(UsageError, match="needs a symbol for all others"):
        open_foreign(_write(tmp_path, text.replace('unknown = "<unk>"\n', "")))


@pytest.mark.parametrize(
    ("changes", "message", "more"),
    [
        ({"embedding": "encoder.wieght"}, "no tensor 'encoder.wieght'", "encoder.weight (10, 5)"),
        ({"rnn": "lstm"}, "no tensor 'lstm.weight_hh_l0'", "rnn.weight_hh_l0 (28, 7)"),
        ({"output": "head"}, "no tensor 'head.weight'", "decoder.weight (10, 7)"),
        ({"kind": "gru"}, "not those of the kind 'gru'", "'lstm'"),
        ({"kind": "transformer"}, "does not name the parts", "kind"),
        ({"embedding": None}, "input have different numbers", "10 and 5"),
        ({"output": "tied", "embedding": None}, "input have different|tied output needs", ""),
        ({"output": "tied"}, "reads vectors of another size than the layers", "5"),
        ({"embedding": "decoder.weight"}, "another size than the embedding", "7"),
        ({"weights": "no.safetensors"}, "cannot be read", "no.safetensors"),
        ({"weights": "model.toml"}, "cannot be read", "a safetensors file"),
        ({"heads": 2}, "does not name the parts", "heads"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, changes, message, more):
    with pytest.raises(UsageError, match=message) as caught:
        open_foreign(_write(tmp_path, _toml(**changes)))
    assert more in str(caught.value)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.LSTM(5, 7, bidirectional=True), "reads both ways"),
        (nn.LSTM(5, 7, proj_size=3), "has projections"),
    ],
)
def test_layers_that_no_language_model_here_has(tmp_path, module, message):
    tensors = {f"rnn.{name}": value for name, value in module.state_dict().items()}
    with pytest.raises(UsageError, match=message):
        open_foreign(_write(tmp_path, _toml(), _Model().state_dict() | tensors))


def test_a_layer_of_another_size(tmp_path):
    tensors = _Model().state_dict() | {"rnn.weight_ih_l1": torch.zeros(28, 3)}
    with pytest.raises(UsageError, match="do not fit together"):
        open_foreign(_write(tmp_path, _toml(), tensors))


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ("", "neither by a file nor by its symbols"),
        ('symbols = "abc"', "output have different numbers"),
        ('symbols = "aa"', "names a symbol twice"),
        ('file = "v.json"', "no list of symbols"),
        ('file = "none.json"', "cannot be read"),
        ('file = "broken.json"', "cannot be read"),
        ('symbols = "abcdefghij"\nunknown = "?"', "has no symbol '\\?'"),
        ('tokens = "bytes"', "output have different numbers"),
    ],
)
def test_vocabularies_that_do_not_fit(tmp_path, vocabulary, message):
    (tmp_path / "v.json").write_text('{"a": 1}')
    (tmp_path / "broken.json").write_text("[")
    with pytest.raises(UsageError, match=message):
        open_foreign(_write(tmp_path, _toml().split("symbols =")[0] + vocabulary))


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        open_foreign(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_text("weights = [")
    with pytest.raises(UsageError, match="is no TOML file"):
        open_foreign(tmp_path / "a.toml")
