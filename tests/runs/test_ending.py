"""What is said of a training that has ended, at once and when its run is resumed."""

from pathlib import Path

import pytest

from recurry.runs.configuration import RunConfig, load_config
from recurry.runs.run import resume, start


def _config(folder: Path, **settings) -> RunConfig:
    path = folder / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog and is gone\n" * 30)
    small = {"network.hidden_size": 8, "training.lanes": 4, "window.k1": 16}
    return load_config(overrides={"data.paths": [str(path)]} | small | settings)


@pytest.mark.parametrize(("every", "unit"), [(2, "evaluations"), (0, "epochs")])
def test_a_run_says_that_it_has_ended_early(tmp_path, every, unit):
    settings = {
        "training.epochs": 50,
        "training.evaluate_every": every,
        "training.patience": 2,
        "optimiser.name": "sgd",
        "optimiser.learning_rate": 20.0,
    }
    heard: list[str] = []
    run = start(_config(tmp_path, **settings), tmp_path / "run", notify=heard.append)
    list(run.train())
    assert run.state.is_ended_early
    assert heard[-1] == f"ended early: no better for 2 {unit} (training.patience)"
    assert list(resume(tmp_path / "run", notify=heard.append).train()) == []
    assert heard[-1].startswith(f"this run had ended early: no better for 2 {unit}")
    assert heard[-1].endswith("a new one with --set training.patience=0 makes all updates")


def test_a_run_that_has_made_all_its_updates_says_so_when_it_is_resumed(tmp_path):
    heard: list[str] = []
    config = _config(tmp_path, **{"training.epochs": 1})
    list(start(config, tmp_path / "run", notify=heard.append).train())
    assert not any("updates" in line for line in heard)
    assert list(resume(tmp_path / "run", notify=heard.append).train()) == []
    assert heard[-1].startswith("this run had made all its ")
    assert "--epochs N makes more" in heard[-1]
