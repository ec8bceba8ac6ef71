"""Checkpoints: the same values back, damage noticed, older ones kept, kills survived."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recurry.artefact import checkpoint as module
from recurry.artefact.checkpoint import newest, save_checkpoint, sealed, set_aside
from recurry.artefact.durable import sweep
from recurry.errors import RunError

ROOT = Path(__file__).parents[2]


def _tensors(value: float) -> dict[str, torch.Tensor]:
    return {"weights.w": torch.full((3, 5), value), "random.cpu": torch.get_rng_state()}


def _save(folder: Path, *updates: int) -> None:
    for update in updates:
        save_checkpoint(folder, update=update, tensors=_tensors(update), record={"n": update})


def _flip_a_bit(path: Path, *, at: int = -1) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_what_was_saved_comes_back(tmp_path):
    whole = torch.arange(10.0)
    tensors = {
        "scalar": torch.tensor(3.0, dtype=torch.float64),
        "empty": torch.zeros(0, 4),
        "bits": torch.tensor([1, 255], dtype=torch.uint8),
        "half": torch.ones(3, dtype=torch.bfloat16),
        "a_part": whole[2:4],
        "transposed": torch.arange(6).reshape(2, 3).t(),
        "twice": whole,
        "the_same_again": whole,
        "trained": torch.ones(2, requires_grad=True),
    }
    record = {"x": 0.1, "nothing": None, "deep": {"list": [1, 2]}}
    save_checkpoint(tmp_path / "c", update=7, tensors=tensors, record=record)
    found = newest(tmp_path / "c")
    assert found is not None
    assert (found.update, found.record, found.skipped) == (7, record, ())
    assert found.tensors.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found.tensors[name].dtype == value.dtype
        assert torch.equal(found.tensors[name], value.detach())


def test_no_checkpoints_is_none(tmp_path):
    assert newest(tmp_path) is None
    assert newest(tmp_path / "no-such") is None


def test_the_last_two_are_kept(tmp_path):
    _save(tmp_path, 1, 2, 10, 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "update-00000010",
        "update-00000030",
    ]
    assert [update for update, _ in sealed(tmp_path)] == [30, 10]


def test_saving_the_same_update_again_replaces_it(tmp_path):
    _save(tmp_path, 1)
    save_checkpoint(tmp_path, update=1, tensors=_tensors(9), record={"n": 9})
    found = newest(tmp_path)
    assert found is not None
    assert found.record == {"n": 9}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["state.safetensors", "record.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path, name, damage):
    _save(tmp_path, 1, 2)
    path = tmp_path / "update-00000002" / name
    if damage == "flip":
        _flip_a_bit(path, at=len(path.read_bytes()) // 2)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        path.unlink()
    found = newest(tmp_path)
    assert found is not None
    assert found.update == 1
    assert [skipped for skipped, _ in found.skipped] == ["update-00000002"]


def test_a_damaged_checkpoint_can_be_set_aside(tmp_path):
    _save(tmp_path, 1, 2)
    set_aside(tmp_path, ("update-00000002",))
    set_aside(tmp_path, ())
    _save(tmp_path, 2)
    set_aside(tmp_path, ("update-00000002",))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["damaged-update-00000002", "update-00000001"]


def test_all_damaged_is_an_error_that_names_each(tmp_path):
    _save(tmp_path, 1, 2)
    for update in (1, 2):
        _flip_a_bit(tmp_path / f"update-0000000{update}" / "state.safetensors")
    with pytest.raises(RunError, match=r"No checkpoint .* is whole") as caught:
        newest(tmp_path)
    assert "update-00000001: state.safetensors is not what the manifest says" in str(caught.value)


def test_a_manifest_of_another_update_or_of_no_table_is_damage(tmp_path):
    _save(tmp_path, 1, 2, 3)
    os.rename(tmp_path / "update-00000003", tmp_path / "update-00000004")
    found = newest(tmp_path)
    assert found is not None
    assert found.skipped == (("update-00000004", "the manifest is of another update"),)
    (tmp_path / "update-00000004" / "manifest.json").write_text("[1]")
    assert newest(tmp_path).skipped[0][1] == "manifest.json is damaged"


@pytest.mark.parametrize("number", [1, 99])
def test_another_format_is_an_error(tmp_path, number):
    _save(tmp_path, 1)
    path = tmp_path / "update-00000001" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": number}))
    with pytest.raises(RunError, match=f"format {number}") as caught:
        newest(tmp_path)
    assert str(path.parent) in str(caught.value)


@pytest.mark.parametrize("limit", [0, 100, 700])
def test_a_full_disk_names_the_path_and_keeps_the_old(tmp_path, limit):
    _save(tmp_path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(RunError, match="larger than allowed") as caught:
            _save(tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(tmp_path / "update-00000002") in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["update-00000001"]
    found = newest(tmp_path)
    assert found is not None
    assert found.update == 1


def test_a_place_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write .*file"):
        _save(tmp_path / "file", 1)


def test_a_run_folder_that_is_gone_is_not_made_again(tmp_path):
    with pytest.raises(RunError, match="No such file"):
        _save(tmp_path / "gone" / "checkpoints", 1)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _save(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []
    assert sweep(tmp_path) == ()


def test_kills_lose_nothing():
    """The benchmark in small: see bench/kill_checkpoints.py."""
    command = [sys.executable, str(ROOT / "bench" / "kill_checkpoints.py")]
    done = subprocess.run(
        [*command, "--kills", "12", "--values", "100000"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 kills, 0 failures" in done.stdout
