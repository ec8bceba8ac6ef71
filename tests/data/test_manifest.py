"""A manifest is whole or it is none."""

import json

from recurry.data.manifest import MANIFEST, break_seal, seal, unseal


def test_facts_come_back(tmp_path):
    seal(tmp_path, {"a": [1, "ä"], "b": None})
    assert unseal(tmp_path) == {"a": [1, "ä"], "b": None}
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_changed_letter_breaks_the_seal(tmp_path):
    seal(tmp_path, {"a": "left"})
    path = tmp_path / MANIFEST
    path.write_text(path.read_text().replace("left", "loft"))
    assert unseal(tmp_path) is None


def test_what_is_no_manifest(tmp_path):
    assert unseal(tmp_path) is None
    for text in ("[]", "{", json.dumps({"a": 1}), "[" * 100_000):
        (tmp_path / MANIFEST).write_text(text)
        assert unseal(tmp_path) is None


def test_breaking_the_seal_sweeps_as_well(tmp_path):
    seal(tmp_path, {})
    (tmp_path / ".x.partial").touch()
    break_seal(tmp_path)
    assert list(tmp_path.iterdir()) == []
