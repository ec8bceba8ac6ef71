"""The passage that all cells are shown over."""

import numpy as np

from recurry.artefact.model_file import load_model
from recurry.data.ids import IdFile
from recurry.report.facts import read_run
from recurry.report.passage import paint_passage


def test_all_cells_over_the_same_whole_lines(run_folder):
    paintings = paint_passage(load_model(run_folder), read_run(run_folder).held_out)
    texts = {"".join(painting.pieces) for painting in paintings}
    assert len(paintings) == 10
    (text,) = texts
    assert 300 < len(text) <= 560
    assert text.endswith("\n")
    assert not text.startswith("\n")
    assert text.split("\n")[0] in ("KATE:", "The quick brown fox & the <lazy> dog.")
    assert all(len(painting.values) == len(painting.pieces) for painting in paintings)


def test_a_text_without_line_ends_is_cut_anywhere(run_folder):
    model = load_model(run_folder)
    ids = model.codec.encode("the fox " * 200)
    paintings = paint_passage(model, IdFile.from_array(ids), count=2)
    assert len("".join(paintings[0].pieces)) == 560


def test_short_texts_are_shown_whole(run_folder):
    model = load_model(run_folder)
    (painting,) = paint_passage(model, IdFile.from_array(model.codec.encode("fox")), count=1)
    assert "".join(painting.pieces) == "fox"


def test_nothing_to_show(run_folder):
    model = load_model(run_folder)
    assert paint_passage(model, IdFile.from_array(np.empty(0, dtype=np.int64))) == []
