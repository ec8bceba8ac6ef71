"""Options of the search: they change what the model was trained with, or say why not."""

from dataclasses import dataclass, field

import pytest

from recurry.cli.decoding_options import DECODING_OPTIONS, with_decoding
from recurry.errors import UsageError
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
