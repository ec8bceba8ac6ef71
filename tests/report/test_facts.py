"""Numbers of the first row, and what a run folder tells."""

import pytest

from recurry.artefact.model_file import load_model
from recurry.report.facts import make_tiles, read_run
from recurry.runs.configuration import load_config, to_toml


def test_a_run_folder_is_read(run_folder):
    files = read_run(run_folder)
    assert files.seconds == 65.0  # one process ran for 5 s, the next for 60 s
    assert files.num_read == 800
    assert files.curves.lstrip().startswith("<")
    assert "[network]" in files.settings
    assert len(files.held_out) == files.num_training_symbols == 45 * 30
    assert files.model_bytes > 1000


def test_an_empty_folder_is_no_error(tmp_path):
    files = read_run(tmp_path)
    assert (files.curves, files.settings, files.seconds, len(files.held_out)) == ("", "", 0.0, 0)


def test_a_cut_off_line_of_the_clock_is_left_out(run_folder):
    with open(run_folder / "times.jsonl", "a") as file:
        file.write('{"process_sec')
    assert read_run(run_folder).seconds == 65.0


def test_tiles(run_folder):
    tiles = {tile.name: tile for tile in make_tiles(load_model(run_folder), read_run(run_folder))}
    assert tiles["nats a character"].value == "1.500"
    assert tiles["bits a character"].note == "1,349 characters"
    assert tiles["perplexity"].value == "4.48"
    assert tiles["of training"].value == "1 min 5 s"
    assert tiles["of training"].note == "12.3 characters a second"
    assert "weights" in tiles


def test_a_test_score_goes_first(run_folder):
    model = load_model(run_folder)
    names = ("loss_nats", "bits", "perplexity", "num_symbols")
    scores = {f"test_{name}": 2.0 for name in names} | dict(model.scores)
    tile = make_tiles(model.with_scores(scores), read_run(run_folder))[0]
    assert (tile.value, tile.note) == ("2.000", "on text it never saw")


def test_a_perplexity_beyond_all_numbers_is_in_no_model_file(run_folder):
    scores = {"validation_loss_nats": 900.0, "validation_bits": 1300.0, "validation_num_symbols": 9}
    model = load_model(run_folder).with_scores(scores)
    tiles = {tile.name: tile for tile in make_tiles(model, read_run(run_folder))}
    assert tiles["perplexity"].value == "inf"


def test_a_model_without_scores_has_fewer_tiles(run_folder):
    names = [
        tile.name
        for tile in make_tiles(load_model(run_folder).with_scores({}), read_run(run_folder))
    ]
    assert names == ["weights", "of training"]


def test_the_command_line_s_name_of_the_cell(run_folder):
    assert read_run(run_folder).cell == "rnn"
    own = to_toml(load_config("lecture", overrides={"network.cell": "cell.toml"}))
    (run_folder / "run.toml").write_text(own)
    assert read_run(run_folder).cell == str(run_folder / "cell.toml")


@pytest.mark.parametrize(("preset", "expected"), [("lecture", True), ("laptop", False)])
def test_more_epochs_are_offered_only_where_resume_takes_them(run_folder, preset, expected):
    (run_folder / "run.toml").write_text(to_toml(load_config(preset)))
    assert read_run(run_folder).may_train_longer is expected
