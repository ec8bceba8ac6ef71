"""ONNX Runtime computes what the layer computes, where it is installed."""

import pytest

from recurry.measurement.onnx_peer import OnnxRuntime


@pytest.mark.parametrize("kind", ["inference", "step"])
@pytest.mark.parametrize("name", ["lstm", "gru_after", "rnn", "rnn_relu"])
def test_an_operator_computes_its_cell(name, kind, make_case, compare):
    compare(OnnxRuntime(), make_case(name, kind=kind))


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_where_it_is_not_installed(missing, make_case, monkeypatch):
    found = {"onnx": object(), "onnxruntime": object()} | {missing: None}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found[name])
    assert OnnxRuntime().refusal(make_case("lstm", kind="inference")) == (
        f"{missing} is not installed: pip install 'recurry[bench]'"
    )


def test_what_it_does_not_do(make_case, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    refusals = {
        "it does not train": make_case("lstm"),
        "ONNX has no operator of this cell": make_case("mut1", kind="inference"),
        "it is measured in float32 over sequences of one length": make_case(
            "lstm", kind="inference", lengths=(4, 2)
        ),
    }
    for refusal, case in refusals.items():
        assert OnnxRuntime().refusal(case) == refusal
