"""torch's own fused kernels, for the cells whose equations they compute.

Comes in: what every backend gets. Goes out: the same as from the time loop. Which cells these are
is found by comparing graphs, so a renamed or reordered LSTM runs here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.match import match
from recurry.backends.options import Request, RunOptions
from recurry.backends.remember import once_a_plan
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.timeline import is_padded, make_packing
from recurry.compiler.parse import parse
from recurry.compiler.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One kernel of torch and what it computes.

    Args:
        name: Name of the function in torch.
        equations: What it computes, gate by gate as it stacks them.
        gates: Suffixes of the names in its equations, in the order of its stacked weights.
    """

    name: str
    equations: str
    gates: tuple[str, ...]


# As documented for torch.nn.RNN, LSTM and GRU; b_ is the bias that both of theirs add up to.
KERNELS = (
    Kernel(
        name="lstm",
        equations="""
            i = sigmoid(W_i @ x + U_i @ h + b_i)
            f = sigmoid(W_f @ x + U_f @ h + b_f)
            g = tanh(W_g @ x + U_g @ h + b_g)
            o = sigmoid(W_o @ x + U_o @ h + b_o)
            c = f * c + i * g
            h = o * tanh(c)
        """,
        gates=("i", "f", "g", "o"),
    ),
    Kernel(
        name="gru",
        equations="""
            r = sigmoid(W_r @ x + U_r @ h + b_r)
            z = sigmoid(W_z @ x + U_z @ h + b_z)
            n = tanh(W_n @ x + b_n + r * (U_n @ h + c_n))
            h = z * h + (1 - z) * n
        """,
        gates=("r", "z", "n"),
    ),
    Kernel(name="rnn_tanh", equations="h = tanh(W_h @ x + U_h @ h + b_h)", gates=("h",)),
    Kernel(name="rnn_relu", equations="h = relu(W_h @ x + U_h @ h + b_h)", gates=("h",)),
)


@dataclass(frozen=True, kw_only=True)
class Match:
    """A kernel that computes a cell, with the cell's names for the kernel's."""

    kernel: Kernel
    names: Mapping[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        """The cell's names of the kernel's states."""
        return tuple(self.names[state] for state in ("h", "c") if state in self.names)

    def stacked(self, prefix: str) -> tuple[str | None, ...]:
        """The cell's names of stacked parameters; None where the kernel's is zero."""
        return tuple(self.names.get(f"{prefix}_{gate}") for gate in self.kernel.gates)


@once_a_plan
def find_kernel(plan: Plan) -> Match | None:
    """The kernel that computes exactly the equations of a cell."""
    for kernel in KERNELS:
        names = match(plan.graph, parse(kernel.equations))
        if names is not None:
            return Match(kernel=kernel, names=names)
    return None


class FusedBackend:
    """Runs the cells that torch has a kernel for."""

    name = "fused"

    def refusal(self, request: Request) -> str | None:
        """Why this request cannot be run, as the end of a sentence; None where it can."""
        options = request.options
        if find_kernel(request.plan) is None:
            return "torch has no kernel with these equations"
        if options.precision == "bfloat16":
            return "torch's kernels keep no float32 state in bfloat16"
        if options.zoneout > 0.0:
            return "torch's kernels have no zoneout"
        if request.options.memory == "low":
            return "torch's kernels keep what every step has made, whatever memory says"
        if request.has_empty:
            return "torch's kernels take no empty sequence"
        return None

    def is_fast(self, request: Request) -> bool:
        """Whether this backend is expected to beat the ones after it in the table."""
        if request.device != "cpu":
            return True
        match = find_kernel(request.plan)
        if request.is_padded:
            return False
        # On a CPU only the LSTM in float32 has a kernel of its own. The rest is a loop in C++,
        # which wins where nothing is kept for gradients.
        is_lstm = match is not None and match.kernel.name == "lstm"
        is_single = request.options.precision == "float32"
        return (is_lstm and is_single) or not request.needs_gradient

    def run(
        self,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Tensor | Symbols,
        state: Mapping[str, Tensor],
        *,
        lengths: Sequence[int] | None,
        options: RunOptions,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Run a plan along time; see `Backend`."""
        x = as_vectors(x)
        found = find_kernel(plan)
        assert found is not None, "refusal() was not asked"
        weights = _weights(found, parameters, options)
        hidden = [state[name] for name in found.states]
        if is_padded(lengths, x.shape[0]):
            lengths = tuple(lengths or ())
            return _run_padded(found, weights, x, hidden, lengths, options.is_reversed)
        steps = x.flip(0) if options.is_reversed else x
        output, *new = _call(found, steps, hidden, weights, None)
        return output.flip(0) if options.is_reversed else output, dict(
            zip(found.states, new, strict=True)
        )


def _run_padded(
    found: Match,
    weights: list[Tensor],
    x: Tensor,
    hidden: list[Tensor],
    lengths: tuple[int, ...],
    is_reversed: bool,
) -> tuple[Tensor, dict[str, Tensor]]:
    packing = make_packing(lengths, x.shape[0], False, x.device)
    packing = packing.flipped(lengths) if is_reversed else packing
    sizes = torch.tensor(packing.timeline.sizes, dtype=torch.long)
    hidden = [packing.sort(value) for value in hidden]
    output, *new = _call(found, packing.pack(x), hidden, weights, sizes)
    states = zip(found.states, new, strict=True)
    return packing.unpack(output), {name: packing.unsort(value) for name, value in states}


def _call(
    found: Match, x: Tensor, hidden: list[Tensor], weights: list[Tensor], sizes: Tensor | None
) -> tuple[Tensor, ...]:
    """torch's kernel over one layer in one direction; states without the layer axis."""
    function = getattr(torch, found.kernel.name)
    layered = [value.unsqueeze(0) for value in hidden]
    states = layered if len(layered) > 1 else layered[0]
    # has_biases, num_layers, dropout, train, bidirectional (, batch_first)
    facts = (True, 1, 0.0, torch.is_grad_enabled(), False)
    if sizes is None:
        output, *new = function(x, states, weights, *facts, False)
    else:
        output, *new = function(x, sizes, states, weights, *facts)
    return (output, *(value.squeeze(0) for value in new))


def _weights(found: Match, parameters: Mapping[str, Tensor], options: RunOptions) -> list[Tensor]:
    """The kernel's weights: input matrix, state matrix and two biases, gates stacked."""
    groups = [found.stacked(prefix) for prefix in ("W", "U", "b", "c")]
    needs_gradient = torch.is_grad_enabled() and any(p.requires_grad for p in parameters.values())
    if needs_gradient:
        options.cache.clear()  # an update may follow, and torch's fused optimisers count no version
        return [_stack(group, parameters) for group in groups]
    parts = [parameters[name] for group in groups for name in group if name is not None]
    key = (found.kernel.name, *groups)
    return options.cache.get(key, parts, lambda: [_stack(g, parameters) for g in groups])


def _stack(names: tuple[str | None, ...], parameters: Mapping[str, Tensor]) -> Tensor:
    """Parameters on top of one another; zeros where the cell has none."""
    like = next(iter(parameters.values()))
    known = [parameters[name] for name in names if name is not None]
    size = (known[0] if known else like).shape[0]
    if not known:
        return like.new_zeros(len(names) * size)
    if len(known) < len(names):
        zeros = like.new_zeros(size)
        known = [zeros if name is None else parameters[name] for name in names]
    return torch.cat(known)
