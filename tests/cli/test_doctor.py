"""What doctor prints: versions, machine, extras; and nothing that tells who somebody is."""

import getpass
import json

from click.testing import CliRunner

from recurry.cli.doctor import doctor


def test_the_table_has_its_sections():
    text = CliRunner().invoke(doctor).output
    for section in ("recurry", "machine", "packages", "extras", "devices"):
        assert f"{section}\n" in text


def test_json_holds_versions_and_backends():
    facts = json.loads(CliRunner().invoke(doctor, ["--json"]).output)
    assert facts["recurry"]["version"]
    assert "eager" in facts["recurry"]["backends"]
    assert facts["packages"]["torch"].startswith("2.")


def test_a_missing_extra_tells_how_to_get_it(monkeypatch):
    monkeypatch.setattr("recurry.cli.doctor.EXTRAS", {"no-such-package-xyz": "text"})
    text = CliRunner().invoke(doctor).output
    assert "pip install 'recurry[text]'" in text


def test_nothing_personal_is_printed():
    text = CliRunner().invoke(doctor).output
    assert f"/{getpass.getuser()}" not in text
