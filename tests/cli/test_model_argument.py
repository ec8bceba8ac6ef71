"""MODEL: a file, a run folder, or an error that helps."""

import pytest

from recurry.cli.model_argument import check_language, find_model
from recurry.errors import UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs/shakespeare", "runs/goethe", "runs/empty"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("runs/shakespeare", "runs/goethe"):
        (tmp_path / name / "model.safetensors").touch()
    (tmp_path / "runs/empty/run.toml").touch()
    (tmp_path / "poems.safetensors").touch()
    return tmp_path


def test_a_file_and_a_run_folder(folder):
    assert str(find_model("poems.safetensors")) == "poems.safetensors"
    assert find_model("runs/goethe").name == "model.safetensors"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("runs/shakespere", "runs/shakespeare"),
        ("poem.safetensors", "poems.safetensors"),
        ("poems", "poems.safetensors"),
        ("shakespeare", "runs/shakespeare"),
        ("goethe/model.safetensors", "runs/goethe"),
        ("runs", "runs/goethe"),
    ],
)
def test_the_nearest_models_are_offered(folder, name, hint):
    with pytest.raises(UsageError, match="There is no model at") as caught:
        find_model(name)
    assert hint in (caught.value.hint or "")


def test_a_folder_is_told_from_nothing(folder):
    with pytest.raises(UsageError, match="a folder without a model"):
        find_model("runs")
    with pytest.raises(UsageError, match="no such file or folder"):
        find_model("nothing/here")


def test_a_run_without_a_model_yet_says_how_to_go_on(folder):
    with pytest.raises(UsageError, match="has no model yet") as caught:
        find_model("runs/empty")
    assert caught.value.hint == "recurry resume runs/empty"


def test_without_any_model_training_is_the_hint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        find_model("x")
    assert "recurry train" in (caught.value.hint or "")


def test_a_text_in_the_place_of_a_model_is_no_crash(folder):
    with pytest.raises(UsageError, match="There is no model at"):
        find_model("once upon a time " * 100)


def test_only_language_models_write_text():
    class Model:
        task = "language"

    model = Model()
    assert check_language(model, "m") is model
    model.task = "classify"
    with pytest.raises(UsageError, match="m is no language model") as caught:
        check_language(model, "m")
    assert caught.value.got == "a model of the task classify"
