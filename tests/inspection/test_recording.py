"""Recordings: the values of every name at every step, whatever the cell, against its meaning."""

import numpy as np
import pytest
import torch

import recurry
from recurry.cells import cells
from recurry.compiler.random_cell import random_cell
from recurry.errors import RunError, UsageError
from recurry.inspection.address import CellAddress
from recurry.inspection.keeping import WINDOW
from recurry.inspection.recording import record, start_recording
from recurry.network.recurrent import Recurrent

TEXT = "abc def\ngh abc"
# Longer than two marks, and no multiple of one.
LENGTH = 150


def _check(subject, expected, length=LENGTH):
    ids = np.random.default_rng(0).integers(0, len(subject.symbols), length)
    wanted = expected(subject, ids)
    with record(subject, ids) as recording:
        assert recording.length == length
        for layer in subject.layers:
            place = {"layer": layer.index, "direction": layer.direction}
            for name in layer.names:
                truth = wanted[layer.label, name]
                scale = 1.0 + np.abs(truth).max()  # some cells have states of any size
                values = recording.values(name, **place)
                np.testing.assert_allclose(values / scale, truth / scale, atol=2e-5)
                part = recording.values(name, **place, start=70, stop=85)
                np.testing.assert_allclose(part / scale, truth[70:85] / scale, atol=2e-5)
            state = recording.painted_state
            truth = wanted[layer.label, state]
            shown = np.clip(truth, -1, 1) if state == "h" else np.tanh(truth)
            levels = recording.levels(**place)
            np.testing.assert_allclose(levels / 127, shown.T, atol=0.005)


@pytest.mark.parametrize("cell", cells())
def test_all_values_of_every_cell(make_subject, interpreted, cell):
    _check(make_subject(Recurrent(cell, 6, 6, 3, has_residual=True)), interpreted)


@pytest.mark.parametrize("cell", ["lstm", "gru", "sru", "scrn"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_both_directions(make_subject, interpreted, cell, precision):
    sizes = (5, 10) if cell != "sru" else (10, 10)
    layers = 2 if cell != "sru" else 1  # sru reads vectors of its own size
    recurrent = Recurrent(cell, sizes[0], sizes[1], layers, True, precision=precision)
    _check(make_subject(recurrent), interpreted)


@pytest.mark.parametrize("seed", range(12))
def test_random_cells(make_subject, interpreted, seed):
    cell = random_cell(np.random.default_rng(seed))
    _check(make_subject(Recurrent(cell, 6, 6, 2)), interpreted, length=90)


def test_a_text_of_several_windows(make_subject, interpreted):
    _check(make_subject(Recurrent("lstm", 3, 4, 2)), interpreted, length=2 * WINDOW + 77)


def test_a_cell_without_state_is_painted_by_its_output(make_subject, interpreted):
    _check(make_subject(Recurrent("h = tanh(W @ x + b)", 6, 6, 2)), interpreted)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_zoneout_is_recorded_as_the_model_runs(build_model, cell):
    model = build_model(cell=cell)
    model.network.recurrent.dropout = recurry.Dropout(zoneout=0.3)
    model.network.eval()
    recording = record(model, TEXT)
    ids = torch.from_numpy(model.codec.encode(TEXT))[:, None]
    with torch.no_grad():
        _, state = model.network(ids)
    for layer in (0, 1):
        for name in state.names:
            values = recording.values(name, layer=layer)
            np.testing.assert_allclose(values[-1], state[name][layer, 0], atol=1e-6)


def test_rounded_products(make_subject):
    torch.manual_seed(0)
    subject = make_subject(Recurrent("gru", 16, 16, 2, precision="bfloat16"))
    ids = np.random.default_rng(0).integers(0, len(subject.symbols), LENGTH)
    recording = record(subject, ids)
    output, _ = subject.recurrent(subject.inputs(recording.symbols, 0, LENGTH))
    np.testing.assert_allclose(recording.hidden(), output[:, 0].detach(), atol=0.02)


def test_loss_and_next_symbols_are_those_of_the_model(model):
    recording = record(model, TEXT)
    ids = model.codec.encode(TEXT)
    with torch.no_grad():
        logits, _ = model.network.eval()(torch.from_numpy(ids)[:, None])
    logs = logits[:, 0].log_softmax(1).numpy()
    assert np.isnan(recording.loss[0])
    expected = -logs[np.arange(len(ids) - 1), ids[1:]]
    np.testing.assert_allclose(recording.loss[1:], expected, atol=1e-5)
    top = recording.top(3, 6, 4)
    np.testing.assert_array_equal(top.ids, np.argsort(-logs[3:6], axis=1)[:, :4])
    assert (np.diff(top.probabilities, axis=1) <= 0).all()
    np.testing.assert_allclose(recording.hidden().shape, (len(TEXT), 6))


def test_every_part_agrees_with_the_whole(model):
    recording = record(model, TEXT * 200)
    whole = recording.values("c", layer=1)
    for start in (0, 64, 100, 2000):
        part = recording.values("c", layer=1, start=start, stop=start + 30)
        np.testing.assert_allclose(part, whole[start : start + 30], atol=1e-6)


def test_painted_values_are_tanh_of_c_or_h_itself(model):
    recording = record(model, TEXT)
    painted = recording.painted(CellAddress(layer=1, state="c", unit=3))
    np.testing.assert_allclose(painted, np.tanh(recording.values("c", layer=1)[:, 3]), atol=0.004)
    painted = recording.painted(CellAddress(layer=0, state="h", unit=2))
    np.testing.assert_allclose(painted, recording.values("h", layer=0)[:, 2])


def test_unknown_characters_are_shown_and_read_as_nothing(model):
    recording = record(model, "ab😀cd")
    assert "".join(recording.symbols.pieces) == "ab😀cd"
    assert recording.symbols.is_known.tolist() == [True, True, False, True, True]
    assert np.isnan(recording.loss).tolist() == [True, False, True, False, False]
    assert recording.values("f", layer=0).shape == (5, 6)


def test_ids_are_taken_as_well(model):
    ids = model.codec.encode(TEXT)
    by_ids, by_text = (record(model, given).values("c", layer=1) for given in (ids, TEXT))
    np.testing.assert_array_equal(by_ids, by_text)


def test_an_empty_text_is_an_empty_recording(model):
    recording = record(model, "")
    assert recording.is_finished
    assert recording.values("f", layer=0).shape == (0, 6)
    assert recording.painted(CellAddress(layer=0, state="c", unit=0)).shape == (0,)
    assert recording.hidden().shape == (0, 6)
    assert recording.loss.shape == (0,)


def test_names_are_checked_before_the_work(model):
    with pytest.raises(UsageError, match="'ff'") as caught:
        record(model, TEXT, names=["ff"])
    assert "f, i, g, o, c, h" in str(caught.value)
    recording = record(model, TEXT, names=["f", "c"])
    assert recording.names == ("f", "c")
    with pytest.raises(UsageError, match="recorded value named 'o'"):
        recording.values("o", layer=0)


def test_places_that_are_not_there(model):
    recording = record(model, TEXT)
    with pytest.raises(UsageError, match="no layer 2"):
        recording.values("f", layer=2)
    with pytest.raises(UsageError, match="have not been recorded") as caught:
        recording.values("f", layer=0, start=3, stop=99)
    assert "from 0 to 14" in str(caught.value)


def test_the_beginning_can_be_seen_before_the_end(model):
    recording = start_recording(model, "abc def\n" * 4000)
    assert recording.wait(WINDOW, timeout_s=60)
    assert recording.length >= WINDOW
    early = recording.values("c", layer=1, stop=100)
    assert recording.wait(timeout_s=60)
    assert recording.is_finished
    np.testing.assert_allclose(recording.values("c", layer=1, stop=100), early, atol=1e-6)
    recording.close()


def test_a_recording_can_be_closed_while_it_reads(model):
    recording = start_recording(model, "abc def\n" * 4000)
    recording.wait(WINDOW)
    recording.close()
    if not recording.is_finished:
        with pytest.raises(UsageError, match="not read any further"):
            recording.wait()
    assert not recording._folder.path.exists()


def test_a_folder_of_ones_own_stays(model, tmp_path):
    with record(model, TEXT, folder=tmp_path / "kept"):
        pass
    assert (tmp_path / "kept" / "loss").stat().st_size == 4 * len(TEXT)


def test_a_disk_that_refuses(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        record(model, TEXT, folder=tmp_path / "file")


def test_what_breaks_off_is_told_to_who_waits(model, monkeypatch):
    def refuse(self, start, values):
        raise RunError("The recording cannot be written.", got="No space left on device")

    monkeypatch.setattr("recurry.inspection.store.FileArray.write", refuse)
    recording = start_recording(model, TEXT)
    with pytest.raises(RunError, match="cannot be written"):
        recording.wait()
    with pytest.raises(RunError, match="cannot be written"):
        recording.values("f", layer=0)


def test_a_classifier_predicts_no_next_symbol(make_subject, monkeypatch):
    subject = make_subject(Recurrent("gru", 4, 4))
    monkeypatch.setattr(type(subject), "losses", lambda *_: None)
    monkeypatch.setattr(type(subject), "log_probabilities", lambda *_: None)
    recording = record(subject, np.array([1, 2, 3]))
    assert np.isnan(recording.loss).all()
    with pytest.raises(UsageError, match="predicts no next symbol"):
        recording.top(0, 1)
