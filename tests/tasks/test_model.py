"""Records of models share weights and cannot be changed."""

import pytest
from torch import nn

from recurry.cells import find_cell
from recurry.tasks.model import Model


def test_other_scores_share_the_weights():
    model = Model(
        task="own", cell=find_cell("gru"), network=nn.Linear(2, 3), settings={}, knowledge="words"
    )
    scored = model.with_scores({"a": 1.0}).with_provenance({"b": 2})
    assert scored.network is model.network
    assert (dict(scored.scores), dict(scored.provenance)) == ({"a": 1.0}, {"b": 2})
    assert dict(model.scores) == {}
    with pytest.raises(TypeError):
        scored.scores["a"] = 2.0  # type: ignore[index]
    assert repr(model) == "Model(own, gru, words, 9 weights)"
