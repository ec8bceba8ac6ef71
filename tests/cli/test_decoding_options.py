"""Options of the search: they change what the model was trained with, or say why not."""

from dataclasses import dataclass, field

import pytest

from recurry.cli.decoding_options import DECODING_OPTIONS, with_decoding
from recurry.errors import UsageError
from recurry.tasks.filling import FillingConfig
from recurry.tasks.translations import DecodingConfig


@dataclass(frozen=True)
class _Model:
    task: str = "translate"
    settings: dict = field(default_factory=lambda: {"decoding": DecodingConfig(beam=5)})


def test_only_what_is_given_changes():
    model = _Model()
    nothing = {option.name: None for option in DECODING_OPTIONS}
    assert with_decoding(model, nothing) is model
    changed = with_decoding(model, nothing | {"length_penalty": 0.0})
    assert changed.settings["decoding"] == DecodingConfig(beam=5, length_penalty=0.0)
    assert model.settings["decoding"] == DecodingConfig(beam=5)


def test_values_out_of_range():
    with pytest.raises(UsageError, match="--beam") as caught:
        with_decoding(_Model(), {"beam": 0})
    assert "greater than or equal to 1" in str(caught.value)


def test_models_that_write_nothing():
    with pytest.raises(UsageError, match="task classify writes no text"):
        with_decoding(_Model("classify", {}), {"beam": 2})


def test_any_key_can_be_set():
    model = _Model()
    changed = with_decoding(model, {"beam": 3}, ["length_penalty=0.5", "decoding.most = 4"])
    assert changed.settings["decoding"] == DecodingConfig(beam=3, length_penalty=0.5, most=4)
    assert with_decoding(model, {}, []) is model
    assert with_decoding(changed, {}, ["most="]).settings["decoding"].most == 2  # the default


def test_keys_that_cannot_be_set():
    with pytest.raises(UsageError, match="setting of answers named 'bean'") as caught:
        with_decoding(_Model(), {}, ["bean=3"])
    assert caught.value.hint == "beam"
    with pytest.raises(UsageError, match="--set beam has no value"):
        with_decoding(_Model(), {}, ["beam"])
    with pytest.raises(UsageError, match="given twice") as caught:
        with_decoding(_Model(), {"beam": 3}, ["beam=4"])
    assert caught.value.got == "--set beam=4, and --beam"
    with pytest.raises(UsageError, match="--set beam") as caught:
        with_decoding(_Model(), {}, ["beam=many"])
    assert "accepted: a valid integer" in str(caught.value)
    with pytest.raises(UsageError, match="no text that is searched") as caught:
        with_decoding(_Model("classify", {}), {}, ["beam=2"])
    assert caught.value.got == "--set beam=2"


def test_options_that_another_task_has():
    model = _Model("fill", {"decoding": FillingConfig()})
    assert with_decoding(model, {"beam": 2}).settings["decoding"].beam == 2
    with pytest.raises(UsageError, match="fill does not answer by --length-penalty") as caught:
        with_decoding(model, {"length_penalty": 1.0})
    assert "--set candidates=..." in str(caught.value)
