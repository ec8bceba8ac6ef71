"""What each address answers."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import recurry.serving.application as module
from recurry.artefact.model_file import save_model
from recurry.serving.application import PAGE, build_application
from recurry.serving.events import EventHub

FILES = sorted(path for path in Path(str(PAGE)).rglob("*") if path.is_file())
MODULES = [path for path in FILES if path.suffix == ".js" and path.parent.name != "vendor"]


def test_the_page_has_nothing_inline_and_loads_only_what_is_there(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)
    named = re.findall(r'(?:src|href)="(/[^"#]*)"', page.text)
    assert "/static/main.js" in named
    for path in named:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_small_and_reach_nothing_outside(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    for target in re.findall(r'from "(\.[^"]+)"', text):
        assert (path.parent / target).is_file(), target


def test_scripts_and_styles_weigh_little(client):
    served = [path for path in FILES if path.suffix in (".js", ".css")]
    total = sum(path.stat().st_size for path in served) + len(client.get("/palette.css").content)
    assert total <= 400_000


def test_about_says_what_is_shown_and_what_to_look_at_first(client):
    about = client.get("/api/about").json()
    assert about["kind"] == "language"
    assert about["text"] == "a test"
    assert [layer["label"] for layer in about["layers"]] == ["0", "1"]
    assert about["gates"] == ["f", "i", "o"]
    assert about["signed"] == ["g", "h"]
    assert about["selection"].keys() == {"layer", "direction", "unit"}


def test_every_view_has_words_options_and_an_answer(client):
    for view in client.get("/api/views").json():
        assert len(view["caption"].split()) > 15
        assert view["options"]["type"] == "object"
        assert client.get(f"/static/views/{view['name']}.js").status_code == 200
        answer = client.get(f"/api/view/{view['name']}")
        is_refused = view["problem"] or view["name"] == "training"  # there is no run
        assert answer.status_code == (400 if is_refused else 200)
        if view["problem"]:
            assert answer.json() == view["problem"]


@pytest.mark.parametrize(
    ("ending", "kind"),
    [("svg", "image/svg+xml"), ("csv", "text/csv"), ("json", "application/json")],
)
def test_views_as_files(client, ending, kind):
    answer = client.get(f"/api/view/network.{ending}?steps=2")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


def test_a_view_as_png(client):
    pytest.importorskip("resvg_py", reason="pip install 'recurry[look]'")
    answer = client.get("/api/view/network.png")
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/view/nothing", "no view named 'nothing'"),
        ("/api/view/network?steps=99", "option of the view"),
        ("/api/view/network.exe", "no such kind of file"),
        ("/api/nothing", "no such address"),
        ("/api/text?unit=99", "has no unit 99"),
        ("/api/steps?layer=9", "no layer 9"),
        ("/api/named?name=q", "q"),
    ],
)
def test_wrong_requests_get_words(client, path, words):
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert words in json.dumps(answer.json())


def test_what_is_not_there_is_not_there(client):
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/../application.py").status_code == 404
    assert client.get("/static/%2e%2e/application.py").status_code == 404


def test_another_text_can_be_read(client):
    answer = client.post("/api/text", json={"text": "head\n", "name": "<b>mine</b>"})
    assert answer.json()["text"] == "<b>mine</b>"
    assert answer.json()["num_symbols"] == 5
    assert client.get("/api/text?rows=5").json()["pieces"] == list("head\n")


def test_another_record_can_be_read(open_viewing, classifier, tmp_path):
    save_model(classifier, tmp_path / "task.safetensors")
    viewing = open_viewing(tmp_path / "task.safetensors", text="good cat\nbad dog\n")
    viewing.open()
    with TestClient(build_application(viewing, EventHub()), base_url="http://localhost") as client:
        assert client.get("/api/about").json()["records"] == 2
        answer = client.post("/api/record", json={"record": 2})
        assert answer.json()["text"] == "a test, record 2 of 2"
        assert "".join(client.get("/api/text").json()["pieces"]) == "bad dog"
        for wrong in (3, 0, "two", None):
            answer = client.post("/api/record", json={"record": wrong})
            assert answer.status_code == 400
            assert "record" in json.dumps(answer.json())


def test_running_text_has_no_records(client):
    about = client.get("/api/about").json()
    assert (about["record"], about["records"]) == (None, None)
    answer = client.post("/api/record", json={"record": 1})
    assert "running text" in answer.json()["what"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"text": ""}', b'{"text": 3}', b"[" * 100_000]
)
def test_a_text_that_is_none_is_refused(client, body):
    answer = client.post("/api/text", content=body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["accepted"]


def test_a_body_is_counted_while_it_comes(client, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    answer = client.post("/api/text", content=(b"x" * 60 for _ in range(3)))
    assert answer.status_code == 400
    assert "too much" in answer.json()["what"]


def test_a_fault_of_ours_is_said_in_words(client, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("recurry.serving.viewing.Viewing.finding", fail)
    answer = client.get("/api/view/network")
    assert answer.status_code == 500
    assert answer.json()["got"] == "ZeroDivisionError: oh"


def test_before_there_is_a_model_the_page_is_there(open_viewing, run_folder):
    viewing = open_viewing(run_folder("young", [3.0, 2.0]))
    with TestClient(build_application(viewing, EventHub()), base_url="http://localhost") as client:
        about = client.get("/api/about").json()
        assert about["title"] is None
        assert about["has_run"]
        waiting = client.get("/api/view/network")
        assert waiting.status_code == 400
        assert "no model to look into yet" in waiting.json()["what"]
        training = client.get("/api/view/training").json()
        assert training["runs"][0]["loss_nats"] == [3.0, 2.0]
