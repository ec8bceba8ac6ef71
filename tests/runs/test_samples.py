"""Samples of a run over time."""

from recurry.runs.samples import SAMPLES_NAME, Sample, append_sample, read_samples


def test_samples_are_read_back_in_their_order(tmp_path):
    assert read_samples(tmp_path) == []
    samples = [Sample(update=10, text="a\n\x1b ü"), Sample(update=20, text="b")]
    for sample in samples:
        append_sample(tmp_path, sample)
    assert read_samples(tmp_path) == samples


def test_what_happens_again_is_written_once(tmp_path):
    for update, text in ((10, "a"), (20, "b"), (30, "c"), (20, "d")):
        append_sample(tmp_path, Sample(update=update, text=text))
    assert [(one.update, one.text) for one in read_samples(tmp_path)] == [(10, "a"), (20, "d")]


def test_damaged_lines_are_left_out(tmp_path):
    append_sample(tmp_path, Sample(update=1, text="a"))
    with open(tmp_path / SAMPLES_NAME, "ab") as file:
        file.write(b'{"update": "x", "text": 1}\n[]\n{"upd')
    assert read_samples(tmp_path) == [Sample(update=1, text="a")]
