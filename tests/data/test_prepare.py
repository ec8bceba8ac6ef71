"""Preparation: the published splits and counts, reuse, and kills in the middle."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recurry.data.configuration import DataConfig
from recurry.data.known import Known
from recurry.data.prepare import MANIFEST, load_prepared, prepare
from recurry.errors import DataError, UsageError

TEXT = "To be, or not to be: that is the question.\n" * 50


@pytest.fixture
def text_path(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def everything(ids):
    return ids.read(0, len(ids))


def test_shakespeare_is_split_as_nanogpt_does(tmp_path):
    found = prepare(DataConfig(), tmp_path)
    assert (len(found.train), len(found.validation), found.test) == (1_003_854, 111_540, None)
    assert found.codec.num_symbols == 65
    assert found.codec.vocabulary.symbols[0] == "\n"
    assert sum(found.codec.vocabulary.counts) == len(found.train)


def test_penn_treebank_has_its_published_counts(tmp_path, data_folder):
    ptb = data_folder / "ptb"
    config = DataConfig(
        paths=(str(ptb / "ptb.train.txt"),),
        tokens="words",
        validation=str(ptb / "ptb.valid.txt"),
        test=str(ptb / "ptb.test.txt"),
    )
    found = prepare(config, tmp_path)
    assert (len(found.train), len(found.validation), len(found.test)) == (929_589, 73_760, 82_430)
    assert found.codec.num_symbols == 10_000
    words = (ptb / "ptb.valid.txt").read_text().replace("\n", "<eos>").split()
    assert found.codec.tokeniser.split(" ".join(words[:50])) == words[:50]


@pytest.mark.parametrize("kind", ["bytes", "characters", "words", "bpe"])
def test_the_parts_follow_one_another(text_path, tmp_path, kind):
    config = DataConfig(paths=(str(text_path),), tokens=kind, validation=0.2, test=0.3)
    found = prepare(config, tmp_path / "out")
    parts = [found.train, found.validation, found.test]
    if kind == "bpe":
        assert "".join(found.codec.decode(everything(part)) for part in parts) == TEXT
        return
    whole = np.concatenate([everything(part) for part in parts])
    np.testing.assert_array_equal(whole, found.codec.encode(TEXT))
    total = sum(map(len, parts))
    first, second = int(total * (1 - 0.2 - 0.3)), int(total * (1 - 0.3))
    assert [len(part) for part in parts] == [first, second - first, total - second]


def test_validation_and_test_can_be_files(text_path, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Ω not in training\n")
    config = DataConfig(paths=(str(text_path),), validation=str(other), test=0.5)
    found = prepare(config, tmp_path / "out")
    assert found.codec.decode(everything(found.validation)) == "Ω not in training\n"
    assert len(found.train) == len(found.test) == len(TEXT) // 2


def test_the_same_text_is_prepared_once(text_path, tmp_path):
    out = tmp_path / "out"
    config = DataConfig(paths=(str(text_path),))
    first = prepare(config, out)
    written = (out / "train.npy").stat().st_mtime_ns
    again = prepare(config, out)
    assert (out / "train.npy").stat().st_mtime_ns == written
    assert again.codec == first.codec
    assert again.sha256 == first.sha256
    moved = text_path.rename(tmp_path / "moved.txt")
    prepare(DataConfig(paths=(str(moved),)), out)
    assert (out / "train.npy").stat().st_mtime_ns == written
    moved.unlink()
    loaded = load_prepared(out)
    np.testing.assert_array_equal(everything(loaded.train), everything(first.train))


def test_another_text_or_configuration_is_prepared_anew(text_path, tmp_path):
    out = tmp_path / "out"
    first = prepare(DataConfig(paths=(str(text_path),)), out)
    text_path.write_text(TEXT + "x")
    second = prepare(DataConfig(paths=(str(text_path),)), out)
    assert first.sha256 != second.sha256
    third = prepare(DataConfig(paths=(str(text_path),), lower_case=True), out)
    assert third.codec.num_symbols < second.codec.num_symbols


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "manifest", "letter", "text"])
def test_nothing_damaged_is_trusted(text_path, tmp_path, damage):
    out = tmp_path / "out"
    config = DataConfig(paths=(str(text_path),))
    whole = everything(prepare(config, out).train)
    numbers, manifest = out / "train.npy", out / MANIFEST
    if damage == "flip":
        data = bytearray(numbers.read_bytes())
        data[200] ^= 1
        numbers.write_bytes(data)
    elif damage == "cut":
        numbers.write_bytes(numbers.read_bytes()[:-1])
    elif damage == "missing":
        numbers.unlink()
    elif damage == "manifest":
        manifest.write_text(manifest.read_text()[:-5])
    elif damage == "letter":
        record = json.loads(manifest.read_text())
        record["codec"]["vocabulary"]["symbols"][-1] = "Q"
        manifest.write_text(json.dumps(record))
    else:
        manifest.write_bytes(b"\xff[")
    with pytest.raises(DataError, match="no whole prepared text"):
        load_prepared(out)
    np.testing.assert_array_equal(everything(prepare(config, out).train), whole)
    load_prepared(out)


def test_a_manifest_cannot_name_files_elsewhere(text_path, tmp_path):
    out = tmp_path / "out"
    prepare(DataConfig(paths=(str(text_path),)), out)
    _rewrite(out / MANIFEST, lambda record: None)
    load_prepared(out)
    _rewrite(
        out / MANIFEST,
        lambda record: record["parts"].update({"../out/train": record["parts"]["train"]}),
    )
    with pytest.raises(DataError, match="no whole prepared text"):
        load_prepared(out)


def test_a_manifest_with_a_right_sum_may_still_be_wrong(text_path, tmp_path):
    out = tmp_path / "out"
    prepare(DataConfig(paths=(str(text_path),)), out)
    _rewrite(out / MANIFEST, lambda record: record["codec"]["vocabulary"]["symbols"].append(None))
    with pytest.raises(DataError, match="no whole prepared text"):
        load_prepared(out)


def _rewrite(path: Path, change: Callable[[dict], None]) -> None:
    """Change a manifest and give it the sum that belongs to it then."""
    record = json.loads(path.read_text())
    del record["sum"]
    change(record)
    text = json.dumps(record, sort_keys=True)
    record["sum"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(record))


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_nothing_that_is_wrongly_trusted(tmp_path, rng):
    big = tmp_path / "big.txt"
    big.write_text(TEXT * 4000)
    out = tmp_path / "out"
    code = (
        "from recurry.data import DataConfig, prepare\n"
        "for lower in (False, True) * 99:\n"
        f"    prepare(DataConfig(paths=({str(big)!r},), lower_case=lower), {str(out)!r})\n"
    )
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
        while not out.is_dir() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.5)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        try:
            found = load_prepared(out)
        except DataError:
            continue
        assert len(found.train) + len(found.validation) == len(TEXT) * 4000
        start = found.codec.decode(found.train.read(0, 40))
        assert start == (TEXT.lower() if found.codec.config.lower_case else TEXT)[:40]
    prepare(DataConfig(paths=(str(big),)), out)
    files = sorted(path.name for path in out.iterdir())
    assert files == [MANIFEST, "train.npy", "validation.npy"]


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_part_without_text_is_an_error(tmp_path, part):
    path = tmp_path / "short"
    path.write_text("ab" if part == "train" else "abcdef")
    fractions = {"train": (0.8, None), "validation": (0.01, 0.4), "test": (0.3, 1e-20)}[part]
    config = DataConfig(paths=(str(path),), validation=fractions[0], test=fractions[1])
    with pytest.raises(DataError, match=f"too short: its {part} part is empty"):
        prepare(config, tmp_path / "out")


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_part_with_a_single_symbol_is_an_error_before_anything_is_trained(tmp_path, part):
    path = tmp_path / "short"
    path.write_text("abcdefghij")
    fractions = {"train": (0.8, None), "validation": (0.1, 0.4), "test": (0.3, 0.1)}[part]
    config = DataConfig(paths=(str(path),), validation=fractions[0], test=fractions[1])
    with pytest.raises(DataError, match=f"{part} part has a single symbol") as caught:
        prepare(config, tmp_path / "out")
    assert "at least 2 in each part" in str(caught.value)


def test_a_test_part_of_nothing_is_none(text_path, tmp_path):
    config = DataConfig(paths=(str(text_path),), test=0)
    assert prepare(config, tmp_path / "out").test is None


def test_a_folder_that_cannot_be_read_holds_no_prepared_text(text_path):
    with pytest.raises(DataError, match="no whole prepared text"):
        load_prepared(text_path)


def test_symbols_that_a_stemmer_or_a_giant_line_makes_can_be_stored(tmp_path):
    path = tmp_path / "odd"
    path.write_text("It s a s s " * 20 + "x" * 70_000 + " the s end" * 20)
    config = DataConfig(paths=(str(path),), tokens="words", stem="porter")
    prepare(config, tmp_path / "out")
    assert "s" in load_prepared(tmp_path / "out").codec.vocabulary.symbols


def test_no_validation_part_can_be_asked_for(text_path, tmp_path):
    found = prepare(DataConfig(paths=(str(text_path),), validation=0), tmp_path / "out")
    assert (len(found.train), len(found.validation)) == (len(TEXT), 0)


def test_a_full_disk_or_a_read_only_folder_is_an_error_of_ours(text_path, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match=r"cannot be written[^$]*No space left on device"):
        prepare(DataConfig(paths=(str(text_path),)), tmp_path / "out")
    assert not list(Path(tmp_path / "out").iterdir())
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        prepare(DataConfig(paths=(str(text_path),)), blocked / "below")


def test_errors_of_the_text_pass_through(tmp_path):
    bad = tmp_path / "bad"
    bad.write_bytes(b"\xff\xff")
    for kind in ("characters", "words", "bpe"):
        with pytest.raises(DataError, match="not valid UTF-8"):
            prepare(DataConfig(paths=(str(bad),), tokens=kind), tmp_path / "out")
    config = DataConfig(paths=(str(bad),), tokens="bytes", validation=0)
    assert everything(prepare(config, tmp_path / "out").train).tolist() == [255, 255]
    with pytest.raises(UsageError, match="only once"):
        prepare(DataConfig(paths=("-", "-")), tmp_path / "out")
    with pytest.raises(UsageError, match="only once"):
        prepare(DataConfig(paths=("-",), validation="-"), tmp_path / "out")


def test_symbols_of_a_model_join_the_vocabulary_and_the_key(text_path, tmp_path):
    config = DataConfig(paths=(str(text_path),), tokens="words")
    plain = prepare(config, tmp_path / "a")
    known = Known(symbols=("mouse",), sha256="0" * 64, is_model=True)
    found = prepare(config, tmp_path / "b", known)
    assert found.codec.vocabulary.symbols == (*plain.codec.vocabulary.symbols, "mouse")
    assert found.codec.vocabulary.counts == (*plain.codec.vocabulary.counts, 0)
    assert found.key != plain.key
    assert load_prepared(tmp_path / "b").codec.vocabulary == found.codec.vocabulary
    np.testing.assert_array_equal(everything(found.train), everything(plain.train))
