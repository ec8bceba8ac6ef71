"""Who runs what, and what an unknown name gets."""

import pytest

from recurry.backends.options import Request, RunOptions
from recurry.backends.table import BACKENDS, backend_names, check_backend, choose_backend
from recurry.cells import cell
from recurry.errors import UsageError


def _chosen(name: str, *, backend: str = "auto", precision="float32", **facts) -> str:
    request = Request(
        plan=cell(name).plan, options=RunOptions(precision=precision), num_steps=9, **facts
    )
    return choose_backend(backend, request).name


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"name": "lstm", "needs_gradient": True}, "cpu"),
        ({"name": "lstm", "needs_gradient": True, "precision": "float64"}, "cpu"),
        ({"name": "lstm", "is_padded": True}, "cpu"),
        ({"name": "lstm", "is_padded": True, "device": "cuda"}, "fused"),
        ({"name": "lstm", "has_empty": True, "device": "cuda"}, "eager"),
        ({"name": "gru_after"}, "cpu"),
        ({"name": "gru_after", "device": "cuda"}, "fused"),
        ({"name": "gru"}, "cpu"),
        ({"name": "gru", "device": "cuda"}, "eager"),
        ({"name": "lstm", "backend": "eager"}, "eager"),
    ],
)
def test_auto_takes_the_fastest_that_can(facts: dict, name: str):
    assert _chosen(**facts) == name


def test_names():
    assert backend_names() == ("auto", *(backend.name for backend in BACKENDS))
    check_backend("auto")
    with pytest.raises(UsageError, match=r"no backend named 'egaer'[\s\S]*try: eager"):
        check_backend("egaer")
