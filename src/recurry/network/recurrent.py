"""A cell with weights, run along time: what `torch.nn.LSTM` is, for any equations.

Comes in: a cell, sizes, a batch of sequences. Goes out: the output of every step and the state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from recurry.backends import (
    Backend,
    Job,
    Memory,
    Precision,
    Request,
    RunOptions,
    StackCache,
    Symbols,
    as_vectors,
    check_backend,
    choose_backend,
    run_jobs,
)
from recurry.backends.autocast import widen, without_autocast
from recurry.backends.rewrite import zoned
from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.network.checks import (
    check_input,
    check_lengths,
    check_memory,
    check_precision,
    check_rate,
    check_sizes,
    check_state,
    refuse_lengths,
    refuse_step,
)
from recurry.network.dropout import Dropout, drop, keep_mask
from recurry.network.layer import Layer, make_layers, recurrent_matrices
from recurry.network.packed import pack_like, unpack
from recurry.network.quick_run import QuickLayers, QuickModule
from recurry.network.state import State, stacked
from recurry.network.torch_module import to_torch

_TIME_FIRST = ("steps", "batch")


class Recurrent(QuickModule):
    """Layers of one cell along time, in one or two directions.

    Args:
        cell: A cell, the name of a built-in one, a path to an equation file, or equation text.
        input_size: Size I of the input at a step.
        hidden_size: Number of units H of each layer and direction.
        num_layers: Number of layers L.
        bidirectional: Whether a second set of weights runs from the end of each sequence.
        dropout: Rate between layers, or a `Dropout` record.
        batch_first: Whether input and output are `(B, T, ·)` instead of `(T, B, ·)`.
        backend: `auto` or the name of a backend.
        precision: `float32`, `float64`, or `bfloat16` (products of rounded values; sums, states
            and weights stay float32).
        has_residual: Whether each layer after the first adds its input to its output.
        memory: `default`, or `low`: of what the steps make for the backward pass, an amount in the
            order of the square root of their number is kept, and the rest is computed again.

    Raises:
        UsageError: Unknown cell, backend, precision or memory; a rate outside 0 to 1.
        ShapeError: A size below 1.
        EquationError: The cell needs I == H and the sizes differ.

    Source: argument names, shapes and the order of state rows follow `torch.nn.LSTM`.
    """

    def __init__(
        self,
        cell: Cell | str | PathLike[str],
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float | Dropout = 0.0,
        batch_first: bool = False,
        backend: str = "auto",
        precision: Precision = "float32",
        *,
        has_residual: bool = False,
        memory: Memory = "default",
    ) -> None:
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        check_sizes(sizes)
        check_backend(backend)
        check_precision(precision)
        check_memory(memory)
        self.cell = find_cell(cell)
        self._plan = self.cell.plan
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bidirectional, self.batch_first = bidirectional, batch_first
        self.dropout = dropout if isinstance(dropout, Dropout) else check_rate(dropout)
        self.backend, self.has_residual = backend, has_residual
        self.precision: Precision = precision
        self.memory: Memory = memory
        dtype = torch.float64 if precision == "float64" else torch.float32
        inputs = [input_size] + [self.output_size] * (num_layers - 1)
        self.layers = make_layers(
            self.cell, inputs, hidden_size, num_directions=self.num_directions, dtype=dtype
        )
        # Says device and type where a cell has no parameters; never part of a model file.
        self.register_buffer("_place", torch.empty(0, dtype=dtype), persistent=False)
        self._recurrent_matrices = recurrent_matrices(self.cell)
        choose_backend(backend, Request(plan=self._plan, options=self._options()))

    @property
    def num_directions(self) -> int:
        """D: 2 for a bidirectional layer, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Size D * H of the output at a step."""
        return self.num_directions * self.hidden_size

    @property
    def _first(self) -> Tensor:
        """Any parameter, or for a cell without parameters the empty tensor that stands for one."""
        found = next(iter(self.layers[0].forward._parameters.values()), None)  # type: ignore[union-attr]
        return self.get_buffer("_place") if found is None else found

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self._first.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of parameters, input, output and state."""
        return self._first.dtype

    def _state_shape(self, batch_size: int) -> tuple[int, int, int]:
        return (self.num_layers * self.num_directions, batch_size, self.hidden_size)

    def initial_state(self, batch_size: int) -> State:
        """Zeros for every state of the cell, `(L*D, B, H)` each."""
        return State.zeros(
            self.cell.states,
            num_layers=self.num_layers * self.num_directions,
            batch_size=batch_size,
            hidden_size=self.hidden_size,
            dtype=self.dtype,
            device=self.device,
        )

    def forward(
        self,
        x: Tensor | PackedSequence | Symbols,
        state: State | None = None,
        lengths: Iterable[int] | Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Run along time.

        Args:
            x: `(T, B, I)`, or `(B, T, I)` with `batch_first`, or a `PackedSequence`; or `Symbols`
                that stand for such vectors, `(T, B)` or `(B, T)`.
            state: The state before the first step; zeros when not given.
            lengths: Number of valid steps of each sequence, 0 to T; all T when not given.

        Returns:
            The output, `(T, B, D*H)` or packed as the input is, zero where there is padding; and
            the state after the last valid step of each sequence.

        Raises:
            ShapeError: Input, state or lengths do not fit the layer.
            UsageError: Lengths beside a packed sequence, which has its own.
        """
        quick = self.quick_layers(x, 3) if lengths is None else None
        if quick is not None:
            turned = x.transpose(0, 1) if self.batch_first else x  # type: ignore[union-attr]
            if (found := quick.run(turned, state)) is not None:  # type: ignore[arg-type]
                return (found[0].transpose(0, 1) if self.batch_first else found[0]), found[1]
        if isinstance(x, PackedSequence):
            if lengths is not None:
                raise refuse_lengths()
            padded, lengths = unpack(x)
            padded = widen(padded, self.dtype)
            check_input(padded, _TIME_FIRST, self.input_size, like=self._first)
            output, (new,) = self._run(padded, state, lengths)
            return pack_like(output, x), new
        x = widen(x, self.dtype)
        axes = ("batch", "steps") if self.batch_first else _TIME_FIRST
        check_input(x, axes, self.input_size, like=self._first)
        steps = x.transpose(0, 1) if self.batch_first else x
        found = check_lengths(lengths, num_steps=steps.shape[0], batch_size=steps.shape[1])
        output, (new,) = self._run(steps, state, found)
        return (output.transpose(0, 1) if self.batch_first else output), new

    def step(
        self, x: Float[Tensor, "B I"], state: State | None = None
    ) -> tuple[Float[Tensor, "B DH"], State]:
        """One step of every stream: the same as `forward` over one step, without the time axis.

        Raises:
            UsageError: The layer is bidirectional, so a step would have to know the future.
        """
        if self.bidirectional:
            raise refuse_step()
        quick = self.quick_layers(x, 2)
        if quick is not None and (found := quick.run(x, state)) is not None:
            return found
        x = widen(x, self.dtype)
        check_input(x, ("batch",), self.input_size, like=self._first)
        output, (new,) = self._run(x.unsqueeze(0), state, None)
        return output.squeeze(0), new

    def find_quick(self) -> QuickLayers | None:
        """The layers as they are now, where the compiled backend runs their equations alone."""
        rate = self.dropout.zoneout
        if (self.training and self.dropout != Dropout()) or self._who_runs() != "cpu":
            return None
        return QuickLayers(
            zoned(self._plan, rate) if rate else self._plan,
            self.layers,
            self.hidden_size,
            has_residual=self.has_residual,
            is_rounded=self.precision == "bfloat16",
            memory=self.memory,
        )

    def forward_past(
        self, x: Float[Tensor, "T B I"] | Symbols, state: State | None = None, *, at: int
    ) -> tuple[Float[Tensor, "T B H"], State, State]:
        """Run along time, and note the state on the way; masks are those of one call.

        Args:
            x: Input, time first.
            state: The state before the first step; zeros when not given.
            at: Number of steps, 0 to T, after which the state is noted.

        Returns:
            The output, the state after `at` steps, and the state after the last.

        Raises:
            UsageError: The layer is bidirectional, so half a run would have to know the future.
        """
        if self.bidirectional:
            raise refuse_step()
        x = widen(x, self.dtype)
        check_input(x, _TIME_FIRST, self.input_size, like=self._first)
        output, (noted, new) = self._run(x, state, None, cuts=(at,))
        return output, noted, new

    def to_torch(self) -> nn.RNN | nn.LSTM | nn.GRU:
        """The same layer as a `torch.nn` module, where torch has this cell.

        Raises:
            UsageError: torch has no module with these equations or these options.
        """
        return to_torch(self)

    @without_autocast
    def _run(
        self,
        x: Tensor | Symbols,
        state: State | None,
        lengths: tuple[int, ...] | None,
        *,
        cuts: tuple[int, ...] = (),
    ) -> tuple[Tensor, list[State]]:
        """The output, and the state at every cut and at the end."""
        rows = self._state_rows(state, x)
        rates = self.dropout if self.training else Dropout()
        if rates.input > 0.0:
            x = drop(as_vectors(x), rates.input, is_locked=rates.is_locked)
        noted: list[list[dict[str, Tensor]]] = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, Layer)
            entering = x
            if number and rates.between > 0.0:
                entering = drop(as_vectors(x), rates.between, is_locked=rates.is_locked)
            mine = rows[number * self.num_directions :]
            x, new = self._run_layer(layer, entering, mine, lengths, cuts=cuts)
            noted += new
            if self.has_residual and number:
                x = x + as_vectors(entering)
        states = [
            State(tensors={name: stacked([row[name] for row in at]) for name in self.cell.states})
            for at in zip(*noted, strict=True)
        ]
        return drop(as_vectors(x), rates.output, is_locked=rates.is_locked), states

    def _state_rows(self, state: State | None, x: Tensor | Symbols) -> list[dict[str, Tensor]]:
        """The state of each layer and direction, `(B, H)` each."""
        num_rows = self.num_layers * self.num_directions
        if state is None:
            zeros = x.new_zeros(x.shape[1], self.hidden_size)  # read only, so one serves all
            return [dict.fromkeys(self.cell.states, zeros)] * num_rows
        check_state(state, self.cell.states, self._state_shape(x.shape[1]), like=x)
        tensors = state.to_dict()
        return [{name: value[row] for name, value in tensors.items()} for row in range(num_rows)]

    def _run_layer(
        self,
        layer: Layer,
        x: Tensor | Symbols,
        rows: list[dict[str, Tensor]],
        lengths: tuple[int, ...] | None,
        *,
        cuts: tuple[int, ...],
    ) -> tuple[Tensor, list[list[dict[str, Tensor]]]]:
        """The output of a layer, and for each direction its state at every cut and at the end."""
        directions = [(self._dropped(w.tensors()), w.cache) for w in layer.directions()]
        outputs: list[list[Tensor]] = [[] for _ in directions]
        noted: list[list[dict[str, Tensor]]] = [[row] for row in rows[: len(outputs)]]
        for part in x.tensor_split(cuts) if cuts else (x,):
            jobs = [
                Job(
                    parameters=parameters,
                    x=part,
                    state=noted[direction][-1],
                    lengths=lengths,
                    options=self._options(cache, is_reversed=direction == 1),
                )
                for direction, (parameters, cache) in enumerate(directions)
            ]
            made = run_jobs(self._chosen(jobs), self._plan, jobs)
            for direction, (output, new) in enumerate(made):
                outputs[direction].append(output)
                noted[direction].append(new)
        whole = [torch.cat(parts) if cuts else parts[0] for parts in outputs]
        return torch.cat(whole, 2) if self.bidirectional else whole[0], [n[1:] for n in noted]

    def _options(self, cache: StackCache | None = None, *, is_reversed: bool = False) -> RunOptions:
        return RunOptions(
            precision=self.precision,
            zoneout=self.dropout.zoneout,
            is_training=self.training,
            is_reversed=is_reversed,
            memory=self.memory,
            cache=cache or StackCache(),
        )

    def _dropped(self, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
        """The parameters with a fresh mask on the matrices that multiply states, in training."""
        rate = self.dropout.recurrent_weights
        if not self.training or rate == 0.0:
            return parameters
        return {
            name: value * keep_mask(value, rate) if name in self._recurrent_matrices else value
            for name, value in parameters.items()
        }

    def _chosen(self, jobs: Sequence[Job]) -> Backend:
        x, lengths = jobs[0].x, jobs[0].lengths
        needs_gradient = torch.is_grad_enabled() and (
            x.requires_grad or any(p.requires_grad for job in jobs for p in job.parameters.values())
        )
        request = Request(
            plan=self._plan,
            options=jobs[0].options,
            device=x.device.type,
            num_steps=x.shape[0],
            batch_size=x.shape[1],
            is_padded=lengths is not None and any(n != x.shape[0] for n in lengths),
            has_empty=x.numel() == 0 or (lengths is not None and 0 in lengths),
            needs_gradient=needs_gradient,
        )
        return choose_backend(self.backend, request)

    def extra_repr(self) -> str:
        """What the layer is, and who runs it."""
        return ", ".join(
            [
                f"{self.cell.name}, {self.input_size} -> {self.output_size}",
                *([f"num_layers={self.num_layers}"] if self.num_layers > 1 else []),
                *(["bidirectional"] if self.bidirectional else []),
                *(["batch_first"] if self.batch_first else []),
                *(["has_residual"] if self.has_residual else []),
                *([f"memory={self.memory}"] if self.memory != "default" else []),
                *([repr(self.dropout)] if self.dropout != Dropout() else []),
                f"precision={self.precision}",
                f"backend={self.backend} ({self._who_runs()})",
            ]
        )

    def _who_runs(self) -> str:
        """The backend that runs a long batch, and the one where gradients are asked for."""
        request = Request(
            plan=self._plan, options=self._options(), device=self.device.type, num_steps=64
        )
        plain, learning = (
            choose_backend(self.backend, replace(request, needs_gradient=flag)).name
            for flag in (False, True)
        )
        return plain if plain == learning else f"{plain}, {learning} with gradients"
