"""A model that is looked at."""

import gc
import shutil
import time
from threading import Thread

import pytest

from recurry.artefact.model_file import save_model
from recurry.errors import ModelFileError, RunError, UsageError
from recurry.serving import viewing as module
from recurry.serving.passage import Passage


class Heard:
    """An event hub that only remembers."""

    def __init__(self) -> None:
        self.events = []

    def publish(self, kind, detail):
        """Remember an event."""
        self.events.append((kind, detail))

    def wait(self, kind):
        """The detail of an event of a kind, once there is one."""
        self.wait_until(lambda: any(name == kind for name, _ in self.events))
        return [detail for name, detail in self.events if name == kind][-1]

    def wait_until(self, condition, seconds=60.0):
        """Until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.events
            time.sleep(0.01)


def test_a_finding_is_computed_once_for_the_same_options(viewing, monkeypatch):
    computed = []
    view = module.find_view("network")
    original = type(view).compute

    def compute(self, session, options):
        computed.append(options.steps)
        time.sleep(0.05)
        return original(self, session, options)

    monkeypatch.setattr(type(view), "compute", compute)
    threads = [Thread(target=viewing.finding, args=("network", {"steps": "2"})) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    viewing.finding("network", {"steps": "3"})
    assert sorted(computed) == [2, 3]


def test_findings_are_forgotten_with_the_text(viewing):
    before = viewing.finding("write", {"length": "1"})
    viewing.read(Passage(text="bed\n", name="other"))
    viewing.shown.recording.wait()
    assert viewing.finding("write", {"length": "1"}) is not before
    assert viewing.about()["version"] == 2


def test_the_records_of_a_text_are_read_one_at_a_time(open_viewing, classifier, tmp_path):
    save_model(classifier, tmp_path / "task.safetensors")
    viewing = open_viewing(tmp_path / "task.safetensors", text="good cat\n\nbad dog\n")
    viewing.open()
    about = viewing.about()
    assert (about["text"], about["record"], about["records"]) == ("a test, record 1 of 2", 1, 2)
    viewing.read_record(2)
    about = viewing.about()
    assert (about["text"], about["record"]) == ("a test, record 2 of 2", 2)
    assert "".join(viewing.shown.recording.symbols.pieces) == "bad dog"
    viewing.reopen()
    assert viewing.about()["record"] == 2
    viewing.read(Passage(text="cat " * 20, name="long"))
    assert viewing.about()["text"] == "the first 12 symbols of long"
    with pytest.raises(UsageError, match="no record 2 in long"):
        viewing.read_record(2)


def test_requests_may_still_read_any_earlier_text(viewing):
    old = viewing.shown.recording
    old.wait()
    folder = old._folder.path
    for _ in range(3):
        viewing.read(Passage(text="bed\n", name="other"))
    assert len(old.levels(layer=0)) == 6
    assert old.values("f", layer=1).shape[1] == 6
    del old
    gc.collect()
    assert not folder.exists()


def test_who_waits_for_a_text_that_is_given_up_is_told(viewing):
    viewing.read(Passage(text="abc\n" * 100_000, name="long"))
    old = viewing.shown.recording
    viewing.read(Passage(text="bed\n", name="other"))
    with pytest.raises(UsageError, match="not read any further"):
        old.wait()


def test_progress_is_told(open_viewing, model_file):
    heard = Heard()
    viewing = open_viewing(model_file, events=heard)
    viewing.open()
    assert heard.wait("about") == {"version": 1}
    length = len(viewing.shown.recording.symbols)
    viewing.shown.recording.wait()
    done = {"done": length, "length": length, "is_finished": True}
    heard.wait_until(lambda: ("recording", done) in heard.events)


def test_a_run_without_a_model_is_waited_for(open_viewing, model_file, run_folder, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    heard, folder = Heard(), run_folder("young", [])
    viewing = open_viewing(folder, events=heard)
    viewing.start()
    with pytest.raises(UsageError, match="no model to look into yet") as error:
        viewing.shown  # noqa: B018
    assert error.value.got == "a run without a model"
    shutil.copy(model_file, folder / "copy")
    (folder / "copy").rename(folder / "model.safetensors")
    heard.wait("about")
    assert viewing.shown.subject.kind == "language"
    (folder / "log.jsonl").write_text('{"update": 1, "num_symbols": 1, "loss_nats": 1.0}\n')
    assert heard.wait("training")["bytes"] > 0


def test_a_newer_model_is_told(open_viewing, build_model, run_folder, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    heard, folder = Heard(), run_folder("grown", [1.0])
    save_model(build_model(), folder / "model.safetensors")
    viewing = open_viewing(folder, events=heard)
    viewing.open()
    viewing.start()
    time.sleep(0.1)
    save_model(build_model(), folder / "model.safetensors")
    told = heard.wait("model")
    assert told["made"] > told["shown"]
    viewing.reopen()  # a page that comes later hears that there is nothing newer
    assert heard.wait("model") == {"made": told["made"], "shown": told["made"]}


def test_the_first_model_is_not_offered_again(open_viewing, model_file, run_folder, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    heard, folder = Heard(), run_folder("first", [])
    viewing = open_viewing(folder, events=heard)
    viewing.start()
    shutil.copy(model_file, folder / "copy")
    (folder / "copy").rename(folder / "model.safetensors")
    heard.wait("about")
    time.sleep(0.2)
    assert "model" not in [kind for kind, _ in heard.events]


def test_a_file_that_is_no_model_is_named(open_viewing, tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_text("no model")
    with pytest.raises(ModelFileError):
        open_viewing(path).open()


def test_a_damaged_model_of_a_run_is_told_to_the_page(
    open_viewing, build_model, run_folder, monkeypatch
):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    heard, folder = Heard(), run_folder("broken", [])
    (folder / "model.safetensors").write_text("no model")
    viewing = open_viewing(folder, events=heard)
    viewing.start()
    heard.wait("about")
    with pytest.raises(ModelFileError):
        viewing.shown  # noqa: B018
    save_model(build_model(), folder / "model.safetensors")  # a whole one is taken once it is there
    heard.wait_until(lambda: viewing._shown is not None)
    assert viewing.about()["problem"] is None


def test_a_fault_while_opening_is_told_in_words(open_viewing, model_file, run_folder, monkeypatch):
    def fail(_):
        raise ZeroDivisionError("by chance")

    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "open_subject", fail)
    heard, folder = Heard(), run_folder("faulty", [])
    shutil.copy(model_file, folder / "model.safetensors")
    viewing = open_viewing(folder, events=heard)
    viewing.start()
    heard.wait("about")
    with pytest.raises(RunError, match="could not be opened") as error:
        viewing.shown  # noqa: B018
    assert error.value.got == "ZeroDivisionError: by chance"


def test_the_run_of_a_model_file_is_found(open_viewing, model_file, run_folder):
    folder = run_folder("whole", [1.0])
    shutil.copy(model_file, folder / "model.safetensors")
    assert open_viewing(folder / "model.safetensors").run_folder == folder
    assert open_viewing(model_file).run_folder is None


def test_a_newer_model_reads_the_same_text(open_viewing, build_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(build_model(), path)
    viewing = open_viewing(path)
    viewing.open()
    save_model(build_model(hidden_size=8), path)
    viewing.reopen()
    assert viewing.shown.subject.layers[0].hidden_size == 8
    assert viewing.shown.passage.name == "a test"
