"""ONNX Runtime: its own LSTM, GRU and RNN, for inference.

Comes in: a case. Goes out: runs. Imports onnx and onnxruntime inside what needs them, torch_peers.
"""

import importlib.util
from typing import Any

import torch
from torch import Tensor, nn

from recurry.backends.fused import find_kernel
from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.measurement.peer import Numbers
from recurry.measurement.torch_peers import torch_module

# Gates in the order of ONNX, by their places in torch's stacks.
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
_OPSET = 17


class OnnxRuntime:
    """The operator of ONNX for the cell, in float32."""

    name = "onnx"

    def refusal(self, case: Case) -> str | None:
        """It infers only, and only what ONNX has an operator for."""
        for package in ("onnxruntime", "onnx"):
            if importlib.util.find_spec(package) is None:
                return f"{package} is not installed: pip install 'recurry[bench]'"
        if case.kind == "training":
            return "it does not train"
        if case.precision != "float32" or case.lengths is not None:
            return "it is measured in float32 over sequences of one length"
        return None if find_kernel(case.cell.plan) else "ONNX has no operator of this cell"

    def prepare(self, numbers: Numbers) -> Run:
        """A session; the state goes from call to call where steps are asked for."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        module = torch_module(numbers)
        session = onnxruntime.InferenceSession(
            onnx_model(module), options, providers=["CPUExecutionProvider"]
        )
        is_step = numbers.case.kind == "step"
        x = (numbers.x[None] if is_step else numbers.x).numpy()
        state = numbers.x.new_zeros(1, x.shape[1], module.hidden_size).numpy()
        names = [entry.name for entry in session.get_inputs()][1:]
        feed = {"x": x} | dict.fromkeys(names, state)

        def once() -> Any:
            found: Any = session.run(None, feed)
            output, *new = found
            if is_step:
                feed.update(zip(names, new, strict=True))
            return output[:, 0][0] if is_step else output[:, 0]

        return once


def onnx_model(module: nn.RNN | nn.LSTM | nn.GRU) -> bytes:
    """One recurrent operator with the weights of a module of torch, as an ONNX file."""
    from onnx import TensorProto, helper, numpy_helper

    kind = type(module).__name__
    weights = {name: value.detach() for name, value in module.named_parameters()}
    biases = [_in_order(weights[f"bias_{which}_l0"], kind) for which in ("ih", "hh")]
    constants = {
        "W": _in_order(weights["weight_ih_l0"], kind)[None],
        "R": _in_order(weights["weight_hh_l0"], kind)[None],
        "B": torch.cat(biases)[None],
    }
    states = ("h", "c") if kind == "LSTM" else ("h",)
    facts: dict[str, Any] = {"hidden_size": module.hidden_size}
    if kind == "GRU":
        facts["linear_before_reset"] = 1
    if kind == "RNN":
        facts["activations"] = [str(module.nonlinearity).capitalize()]
    node = helper.make_node(
        kind,
        ["x", "W", "R", "B", "", *states],
        ["y", *(f"{name}_new" for name in states)],
        **facts,
    )

    def value(name: str, sizes: list) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)

    size = module.hidden_size
    graph = helper.make_graph(
        [node],
        "layer",
        [value("x", ["T", "B", module.input_size]), *(value(n, [1, "B", size]) for n in states)],
        [value("y", ["T", 1, "B", size]), *(value(f"{n}_new", [1, "B", size]) for n in states)],
        [numpy_helper.from_array(v.numpy(), name) for name, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def _in_order(stacked: Tensor, kind: str) -> Tensor:
    """The gates of a stack as ONNX wants them."""
    gates = stacked.chunk(len(_GATES[kind]))
    return torch.cat([gates[place] for place in _GATES[kind]])
