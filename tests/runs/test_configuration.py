"""Settings: precedence, round trips, and every mistake in one message with a way out."""

import pytest

from recurry.errors import UsageError
from recurry.runs.configuration import (
    TABLES,
    RunConfig,
    load_config,
    parse_value,
    presets,
    to_toml,
)


def _problems(**arguments) -> str:
    with pytest.raises(UsageError) as caught:
        load_config(**arguments)
    return str(caught.value)


def test_defaults():
    assert load_config() == RunConfig()


def test_a_file_beats_the_defaults_and_the_command_line_beats_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("[network]\nhidden_size = 10\nnum_layers = 2\n")
    config = load_config(path=path, overrides={"network.hidden_size": 20})
    assert (config.network.hidden_size, config.network.num_layers) == (20, 2)


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid_and_round_trips(name, tmp_path):
    config = load_config(name)
    (tmp_path / "again.toml").write_text(to_toml(config))
    assert load_config(path=tmp_path / "again.toml") == config


def test_a_file_beats_a_preset(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("[training]\nepochs = 77\n")
    assert load_config("lecture", path).training.epochs == 77


@pytest.mark.parametrize(
    "text",
    [
        'quotes " and \\ and \\n',
        "lines\nof = tanh(W @ x)\n\nwith \\n inside\n",
        "tab\t, bell \x07, delete \x7f, 字 😀",
        '"""',
        "\n",
    ],
)
def test_any_text_round_trips(text, tmp_path):
    config = load_config(overrides={"network.cell": text, "data.paths": [text, "b"]})
    (tmp_path / "again.toml").write_text(to_toml(config), newline="")
    assert load_config(path=tmp_path / "again.toml") == config


def test_numbers_and_pairs_round_trip(tmp_path):
    settings = {"optimiser.betas": [0.8, 0.95], "optimiser.epsilon": 1e-9, "window.k2": 100}
    config = load_config(overrides=settings)
    (tmp_path / "again.toml").write_text(to_toml(config))
    assert load_config(path=tmp_path / "again.toml") == config


def test_what_is_not_set_is_named_in_a_comment():
    assert "# k2 is not set" in to_toml(RunConfig())


def test_all_mistakes_are_reported_at_once_with_their_places(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('[training]\nlanes = 8\nepochz = 3\n[network]\nprecision = "flot32"\n')
    settings = {"optimiser.clip_norm": 1.0, "optimiser.clip_value": 2.0, "training.seed": "x"}
    text = _problems(path=path, overrides=settings)
    assert "There are 4 mistakes" in text
    assert f"training.epochz ({path}, line 3): there is no such setting" in text
    assert "did you mean epochs?" in text
    assert f"network.precision ({path}, line 5)" in text
    assert "did you mean float32" in text
    assert 'training.seed (command line): got "x"' in text
    assert "clip_norm and clip_value are both set" in text


@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("hidden_size", "network.hidden_size"),
        ("network.lanes", "training.lanes"),
        ("trainign.lanes", "training.lanes"),
        ("training", "this is a table, with the settings seed, epochs"),
        ("zzz", "tables: data, network"),
    ],
)
def test_a_name_in_the_wrong_place_is_offered_the_right_one(name, offer):
    text = _problems(overrides={name: 3})
    assert "There is a mistake" in text
    assert offer in text


def test_a_table_that_is_no_table(tmp_path):
    (tmp_path / "a.toml").write_text("network = 3\n[netwrok]\n[[data]]\n")
    text = _problems(path=tmp_path / "a.toml")
    assert "There are 3 mistakes" in text
    assert "did you mean network" in text
    assert "network (" in text
    assert "this is a table, with the settings cell" in text
    assert "this is a table, with the settings paths" in text


def test_none_takes_a_setting_back_to_its_default():
    settings = {"optimiser.clip_norm": None, "optimiser.clip_value": 2.0, "training.epochs": None}
    config = load_config("laptop", overrides=settings)
    assert config.optimiser.clip_norm is None
    assert config.training.epochs == load_config().training.epochs
    assert "there is no such setting" in _problems(overrides={"training.epochz": None})


def test_a_contradiction_says_where_its_settings_come_from():
    text = _problems(preset="laptop", overrides={"optimiser.clip_value": 2.0})
    assert "clip_norm and clip_value are both set" in text
    assert "(clip_norm: preset laptop, line 25, clip_value: command line)" in text
    assert "--set TABLE.KEY= takes one back to its default" in text


def test_a_name_that_is_no_text_is_refused_before_it_is_written_down():
    text = _problems(overrides={"data.paths": ["a.txt", "\udcff.txt"]})
    assert "data.paths (command line): got ['a.txt', '\\udcff.txt'], which is no UTF-8" in text


def test_a_single_path_is_no_list():
    assert 'it should be a list, as in ["a.txt"' in _problems(overrides={"data.paths": "a.txt"})


def test_settings_of_two_tables_that_contradict_each_other():
    settings = {"optimiser.name": "asgd", "training.averaging": 0.9}
    assert "both average the weights" in _problems(overrides=settings)


def test_files_that_cannot_be_read(tmp_path):
    assert "No such file" in _problems(path=tmp_path / "no-such.toml")
    (tmp_path / "bad.toml").write_text("[network\n")
    assert "no valid TOML" in _problems(path=tmp_path / "bad.toml")
    (tmp_path / "deep.toml").write_text("x = " + "[" * 100_000)
    assert "nested too deeply" in _problems(path=tmp_path / "deep.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    assert "no UTF-8" in _problems(path=tmp_path / "latin.toml")


def test_an_unknown_preset_offers_the_nearest():
    assert "laptop" in _problems(preset="laptpo")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("gru", "gru"),
        ('"3"', "3"),
        ("", None),
        ("3\nx = 4", "3\nx = 4"),
        ("[" * 9999, "[" * 9999),
    ],
)
def test_values_typed_on_the_command_line(text, value):
    assert parse_value(text) == value


def test_every_table_has_at_most_eight_keys():
    assert all(len(kind.model_fields) <= 8 for kind in TABLES.values())
    assert tuple(RunConfig().tables) == tuple(TABLES)
