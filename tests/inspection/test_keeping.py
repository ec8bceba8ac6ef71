"""What a recording keeps."""

import numpy as np
import torch

from recurry.inspection.keeping import MARK, SCALE, WINDOW, Kept
from recurry.inspection.subject import subject_of


def test_kept_states_are_those_of_a_run(model, tmp_path):
    subject = subject_of(model)
    symbols = subject.read("abc def\n" * 50)
    kept = Kept.create(tmp_path, subject, len(symbols), "c")
    assert list(kept.fill(subject, symbols)) == [400]
    ids = torch.from_numpy(symbols.ids)[:, None]
    with torch.no_grad():
        _, state = model.network.eval()(ids[: 3 * MARK])
    for layer in subject.layers:
        edge = kept.edge(layer, 3 * MARK)
        for name in ("h", "c"):
            np.testing.assert_allclose(edge[name][0], state[name][layer.index, 0], atol=1e-6)
        assert not kept.edge(layer, 0)["c"].any()
        assert not kept.edge(layer, 399)["h"].any()  # no multiple of 64 but the end of the text


def test_steps_are_told_window_by_window(model, tmp_path):
    subject = subject_of(model)
    symbols = subject.read("a" * (2 * WINDOW + 5))
    kept = Kept.create(tmp_path, subject, len(symbols), "h")
    assert list(kept.fill(subject, symbols)) == [WINDOW, 2 * WINDOW, 2 * WINDOW + 5]
    layer = subject.layers[1]
    painted = kept.painted[layer].rows()
    assert painted.shape == (3, 6, WINDOW)
    assert np.abs(painted).max() <= SCALE
    assert not painted[2, :, 5:].any()
    assert painted[2, :, :5].any()
