"""Curves of runs."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from recurry.errors import UsageError
from recurry.inspection.session import Session
from recurry.runs.samples import Sample, append_sample
from recurry.serving.views import all_views, find_view
from recurry.serving.views.training import TrainingOptions, TrainingView


def write_run(folder: Path, losses: list[float], *, clip: str = "clip_norm = 1.5") -> Path:
    """A run folder with settings and a log."""
    folder.mkdir()
    (folder / "run.toml").write_text(f'[network]\ncell = "gru"\n[optimiser]\n{clip}\n')
    lines = [
        {"update": place + 1, "num_symbols": 9, "loss_nats": loss, "gradient_norm": float(place)}
        for place, loss in enumerate(losses)
    ]
    if lines:
        lines[-1] |= {"validation_loss_nats": 1.25, "is_best": True}
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def find(folder, **options):
    session = Session(None, None, run_folder=folder)
    return TrainingView().compute(session, TrainingOptions(**options))


def test_curves_of_the_run(tmp_path):
    finding = find(write_run(tmp_path / "mine", [3.0, 2.0, 1.0]))
    (run,) = finding.to_json()["runs"]
    assert run["name"] == "mine"
    assert run["update"] == [1, 2, 3]
    assert run["loss_nats"] == [3, 2, 1]
    assert run["validation_update"] == [3]
    assert run["best"] == {"update": 3, "validation_loss_nats": 1.25}
    assert run["facts"]["cell"] == "gru"
    assert run["num_clipped"] == 1  # the norms are 0, 1 and 2
    assert "Learning curves of mine" in finding.to_svg()
    assert [row["run"] for row in finding.to_rows()] == ["mine"] * 3


def test_clipped_gradients_are_in_picture_and_table(tmp_path):
    finding = find(write_run(tmp_path / "mine", [3.0, 2.0, 1.0]))
    assert [row["is_clipped"] for row in finding.to_rows()] == [False, False, True]
    svg = finding.to_svg()
    assert ">clipped, 1 line<" in svg
    assert "longest allowed" in svg
    assert "validation, best 1.250" in svg


def test_many_updates_are_averaged_in_groups(tmp_path):
    finding = find(write_run(tmp_path / "mine", [float(n) for n in range(100)]), points=10)
    (run,) = finding.to_json()["runs"]
    assert run["loss_nats"] == [4.5 + 10 * n for n in range(10)]


def test_of_a_group_of_gradient_norms_the_largest_is_shown(tmp_path):
    finding = find(write_run(tmp_path / "mine", [1.0] * 100, clip="clip_norm = 95.5"), points=10)
    (run,) = finding.to_json()["runs"]
    assert run["gradient_norm"] == [9.0 + 10 * n for n in range(10)]
    assert run["num_clipped"] == 4
    assert sum(norm > 95.5 for norm in run["gradient_norm"]) == 1


def test_what_was_clipped_is_marked_in_pictures_and_tables(tmp_path):
    write_run(tmp_path / "free", [1.0, 2.0], clip="")
    finding = find(write_run(tmp_path / "mine", [3.0, 2.0, 1.0]), beside="free")
    assert [row["is_clipped"] for row in finding.to_rows()] == [False, False, True, None, None]
    drawn = ET.fromstring(finding.to_svg())
    texts = {element.text for element in drawn.iter()}
    assert {"mine: training", "mine: validation", "free: training"} <= texts
    assert {"Gradient of mine", "Gradient of free", "longest allowed", "clipped, 1 line"} <= texts
    discs = [element for element in drawn.iter() if element.tag.endswith("circle")]
    assert len(discs) == 2  # one on the curve, one in the legend


def test_clipping_by_value_is_told(tmp_path):
    folder = write_run(tmp_path / "mine", [1.0], clip="clip_value = 0.25")
    facts = find(folder).to_json()["runs"][0]["facts"]
    assert (facts["clip_value"], facts["clip_norm"]) == (0.25, None)


def test_runs_beside_it_can_be_added(tmp_path):
    folder = write_run(tmp_path / "mine", [1.0])
    write_run(tmp_path / "other", [2.0])
    assert find(folder).to_json()["others"] == ["other"]
    names = [run["name"] for run in find(folder, beside="other").to_json()["runs"]]
    assert names == ["mine", "other"]


@pytest.mark.parametrize("name", ["nothing", "../other", "/etc"])
def test_only_runs_beside_it_can_be_added(tmp_path, name):
    folder = write_run(tmp_path / "mine", [1.0])
    with pytest.raises(UsageError, match="no run beside this one"):
        find(folder, beside=name)


def test_a_run_that_has_not_begun_has_no_curves(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    (run,) = find(folder).to_json()["runs"]
    assert run["last"] is None
    assert run["num_clipped"] is None


def test_a_damaged_log_gives_its_whole_lines(tmp_path):
    folder = write_run(tmp_path / "mine", [3.0, 2.0])
    with open(folder / "log.jsonl", "a") as log:
        log.write('{"update": 3, "num_sy')
    assert find(folder).to_json()["runs"][0]["update"] == [1, 2]


def test_samples_of_the_run_come_with_its_curves(tmp_path):
    folder = write_run(tmp_path / "mine", [1.0])
    append_sample(folder, Sample(update=1, text="<b>abc"))
    (run,) = find(folder).to_json()["runs"]
    assert run["samples"] == [{"update": 1, "text": "<b>abc"}]


def test_a_model_without_a_run_says_so():
    with pytest.raises(UsageError, match="lies in no run folder") as error:
        find(None)
    assert "recurry look RUN" in (error.value.hint or "")


def test_all_views_are_found_in_the_order_of_the_page():
    names = [view.name for view in all_views()]
    assert names[0] == "text"
    assert {"network", "training", "write"} <= set(names)
    with pytest.raises(UsageError, match="no view named 'trainning'") as error:
        find_view("trainning")
    assert (error.value.hint or "").startswith("training")
