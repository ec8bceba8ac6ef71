"""One step of one layer as operations on fixed buffers, from the program of its cell.

Comes in: a program, weights, and where the input comes from. Goes out: operations in order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from recurry.backends.functions import FUNCTIONS
from recurry.backends.lowering import Activate, Instruction, Pointwise, Program, Wide, runs
from recurry.backends.weights import round_to_bfloat16
from recurry.compiler.nodes import Binary, Constant, Input, Matmul, Node, Parameter, Unary
from recurry.compiler.nodes import State as StateNode

# A table of what the input's products make of every symbol may have so many numbers.
_LARGEST_TABLE = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Where the input of a layer comes from: symbols, or the vectors of the layer below.

    Args:
        symbols: Buffer of the symbols that are being read, (R,).
        num_symbols: Number V of symbols.
        table: Vector of each symbol, (V, I); None for one-hot vectors.
        vectors: Buffer of the output below, (R, I); None for the first layer.
    """

    symbols: Tensor
    num_symbols: int
    table: Tensor | None = None
    vectors: Tensor | None = None


class LayerStep:
    """The operations of one step of one layer, and the buffers they work on.

    Args:
        program: What is computed at a step.
        weights: Parameters by their names in the equations.
        source: Where the input comes from.
        size: Number of units H.
        dtype: Of all buffers.
        is_rounded: Whether products read values rounded to bfloat16.

    Attributes:
        operations: To be called in order, once a step.
        states: State name to its buffer (R, H).
        output: Buffer of the output (R, H).
    """

    def __init__(
        self,
        program: Program,
        weights: Mapping[str, Tensor],
        *,
        source: Source,
        size: int,
        dtype: torch.dtype,
        is_rounded: bool,
    ) -> None:
        self.operations: list[Callable[[], object]] = []
        self._program, self._source, self._is_rounded = program, source, is_rounded
        self._weights = {name: self._round(w) if w.dim() == 2 else w for name, w in weights.items()}
        self._like = torch.empty(0, dtype=dtype, device=source.symbols.device)
        self._size = size
        self._num_rows = len(source.symbols)
        self._values: dict[Node, Tensor] = {}
        self._started: set[int] = set()
        self.states = {leaf.name: self._buffer() for leaf in self._leaves()}
        self._values |= {leaf: self.states[leaf.name] for leaf in self._leaves()}
        for buffer in self.states.values():
            buffer.zero_()
        self._columns = self._like.new_empty(self._num_rows, len(program.sums) * self._size)
        self._start_columns()
        for instruction in program.instructions:
            self._add(instruction)
        self.output = self._output()
        for buffer, new in [
            (self._values[x], self._value(n)) for x, n in program.task.carried.items()
        ]:
            self._do(buffer.copy_, new)

    def _output(self) -> Tensor:
        """The buffer of the output; an old value is copied before the step writes the new one."""
        wanted = self._program.task.wanted[0]
        value = self._value(wanted)
        if wanted in self._program.task.carried:
            old, value = value, self._buffer()
            self._do(value.copy_, old)
        return value

    def _leaves(self) -> list[StateNode]:
        return [leaf for leaf in self._program.task.carried if isinstance(leaf, StateNode)]

    def _buffer(self) -> Tensor:
        return self._like.new_empty(self._num_rows, self._size)

    def _do(self, function: Callable[..., object], *arguments: object) -> None:
        self.operations.append(partial(function, *arguments))

    def _column(self, start: int, stop: int) -> Tensor:
        return self._columns[:, start * self._size : stop * self._size]

    # What does not depend on the state.

    def _start_columns(self) -> None:
        """Give each column the sum of its terms that are known before the step."""
        places = [place for place, terms in enumerate(self._program.early) if _is_affine(terms)]
        for start, stop in runs(places):
            terms = [self._program.early[place] for place in range(start, stop)]
            matrices = [_matrix(early) for early in terms]
            bias = torch.cat([self._sum_vectors(early) for early in terms])
            self._multiply_input(matrices, bias, self._column(start, stop))
        self._started.update(places)
        for place in range(len(self._program.early)):
            self._start(place)

    def _start(self, place: int) -> None:
        """Give a column the sum of its early terms, once; they may lie in other columns."""
        if place in self._started:
            return
        self._started.add(place)
        root, terms = self._program.sums[place], self._program.early[place]
        column = self._column(place, place + 1)
        if not terms:
            self._do(column.zero_)
        for number, term in enumerate(terms):
            value = self._compute(term) if term is root else self._value(term)
            self._do(column.add_ if number else column.copy_, value)

    def _sum_vectors(self, terms: tuple[Node, ...]) -> Tensor:
        vectors = [self._weights[term.name] for term in terms if isinstance(term, Parameter)]
        return sum(vectors, self._like.new_zeros(self._size))

    def _multiply_input(self, matrices: list[str], bias: Tensor, out: Tensor) -> None:
        """`out = bias +` stacked matrices times the input; for symbols, looked up in a table."""
        stack = torch.cat([self._weights[name] for name in matrices]).t().contiguous()
        source = self._source
        is_small = source.num_symbols * len(bias) <= _LARGEST_TABLE
        if source.vectors is not None or (source.table is not None and not is_small):
            self._add_product(out, bias, self._input(), stack)
        elif source.table is None:
            self._look_up(stack + bias, out)
        else:
            self._look_up(torch.addmm(bias, self._round(source.table), stack), out)

    def _look_up(self, table: Tensor, out: Tensor) -> None:
        symbols = self._source.symbols
        if out.is_contiguous():
            self.operations.append(partial(torch.index_select, table, 0, symbols, out=out))
        else:
            self.operations.append(lambda: out.copy_(table[symbols]))

    def _input(self) -> Tensor:
        """The buffer of the input vectors."""
        if self._source.vectors is not None:
            return self._source.vectors
        if Input() not in self._values:
            table = self._source.table
            if table is None:
                table = torch.eye(self._source.num_symbols).to(self._like)
            self._values[Input()] = table.new_empty(self._num_rows, table.shape[1])
            self._look_up(table, self._values[Input()])
        return self._values[Input()]

    # What does.

    def _add(self, instruction: Instruction) -> None:
        if isinstance(instruction, Wide):
            names = instruction.matrices
            stack = torch.cat([self._weights[name] for name in names]).t().contiguous()
            columns = self._column(instruction.start, instruction.stop)
            self._add_product(columns, columns, self._value(instruction.operand), stack)
        elif isinstance(instruction, Activate):
            columns = self._column(instruction.start, instruction.stop)
            self._do(FUNCTIONS[instruction.function], columns, columns)
        else:
            assert isinstance(instruction, Pointwise), "forward steps transpose no matrix"
            arguments = [self._value(node) for node in instruction.arguments]
            self._do(FUNCTIONS[instruction.function], self._place(instruction.out), *arguments)

    def _place(self, node: Node) -> Tensor:
        """The buffer that a node of the loop is written to."""
        if node in self._program.places:
            place = self._program.places[node]
            return self._column(place, place + 1)
        if node not in self._values:
            self._values[node] = self._buffer()
        return self._values[node]

    def _value(self, node: Node) -> Tensor:
        """The buffer of a node, computed where no instruction does it."""
        if node in self._values:
            return self._values[node]
        if node in self._program.places:
            if node not in self._program.in_loop:
                self._start(self._program.places[node])
            return self._place(node)
        if isinstance(node, Constant):
            value = self._like.new_full((), node.value)
        elif isinstance(node, Parameter):
            value = self._weights[node.name]
        elif isinstance(node, Input):
            value = self._input()
        else:
            value = self._compute(node)
        self._values[node] = value
        return value

    def _compute(self, node: Node) -> Tensor:
        if isinstance(node, Matmul):
            out, zeros = self._buffer(), self._like.new_zeros(self._size)
            if isinstance(node.operand, Input):
                self._multiply_input([node.matrix.name], zeros, out)
            else:
                stack = self._weights[node.matrix.name].t().contiguous()
                self._add_product(out, zeros, self._value(node.operand), stack)
            return out
        assert isinstance(node, Unary | Binary), f"{node} has no value before a step"
        operands = [self._value(child) for child in node.children]
        out = self._like.new_empty(torch.broadcast_shapes(*(value.shape for value in operands)))
        self._do(FUNCTIONS[node.function], out, *operands)
        return out

    def _add_product(self, out: Tensor, base: Tensor, operand: Tensor, matrix: Tensor) -> None:
        """`out = base + operand @ matrix`."""
        operand = operand.expand(self._num_rows, operand.shape[-1])
        if self._is_rounded:
            self.operations.append(
                lambda: torch.addmm(base, round_to_bfloat16(operand), matrix, out=out)
            )
        else:
            self.operations.append(partial(torch.addmm, base, operand, matrix, out=out))

    def _round(self, value: Tensor) -> Tensor:
        return round_to_bfloat16(value) if self._is_rounded else value


def _is_affine(terms: tuple[Node, ...]) -> bool:
    """Whether terms are vectors and one product of the input."""
    products = [term for term in terms if isinstance(term, Matmul)]
    return (
        len(products) == 1
        and isinstance(products[0].operand, Input)
        and not products[0].transposed
        and all(isinstance(term, Parameter) for term in terms if term not in products)
    )


def _matrix(terms: tuple[Node, ...]) -> str:
    return next(term.matrix.name for term in terms if isinstance(term, Matmul))
