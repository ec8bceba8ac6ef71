"""What follows a backward kernel: products over all rows give the gradients of matrices and input.

Comes in: where the kernel leaves its values. Goes out: commands, and what is left to torch because
it depends on values that no kernel keeps. Imports torch, arena, call, rest, rows, tasks, writer.
"""

from collections.abc import Container, Mapping

from recurry.backends.cpu.arena import Block, external
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.kernels import dtype_of
from recurry.backends.cpu.packing import padded_size, steps_of
from recurry.backends.cpu.rest import Left, Rest
from recurry.backends.cpu.rows import Rows
from recurry.backends.cpu.tasks import columns_of
from recurry.backends.cpu.writer import Panels, Writer
from recurry.compiler.nodes import Binary, Input, Matmul, Node, State

Pair = tuple[Matmul, Node]
"""A product, and the gradient by it."""


class GradientWriter:
    """Writes the products, once it is known where everything lies.

    Args:
        call: An example of the calls.
        writer: Takes the commands.
        needs_x: Whether the gradient by the input is asked for.

    Attributes:
        shapes: Shapes of the pieces that hold gradients: of matrices that one product gives, and of
            vectors.
        places: For every parameter its piece, and its number within; -1 where it is all of it.
        panels: The matrices whose panels of columns are read, product by product.
        reads_input: Whether a product reads the input of each row.
    """

    def __init__(self, call: Call, writer: Writer, *, needs_x: bool) -> None:
        self.call, self.writer, self.needs_x = call, writer, needs_x
        self.plan, self.made = call.kernels.plan, call.kernels.backward_pass
        self.columns = {node: column for column, node in enumerate(self.made.kept)}
        self.dtype = dtype_of(call.kernels.bits)
        self.left = Left()
        self.shapes: list[tuple[int, ...]] = []
        self.places: list[tuple[str, int, int]] = []
        self.runs = self._find_runs()
        self._place_runs()
        self.vectors = self._find_vectors()
        self.terms = self._find_terms() if needs_x else []
        self.panels = [tuple(t.matrix.name for t in terms) for _, terms in self.terms]
        self.reads_input = any(isinstance(operand, Input) for operand, _, _ in self.runs)

    # What there is to do.

    def _find_runs(self) -> list[tuple[Node, tuple[int, int], list[str]]]:
        """Operands with neighbouring columns of adjoints, and the matrices that these belong to."""
        found: list[tuple[Node, tuple[int, int], list[str]]] = []
        by_operand: dict[Node, list[Pair]] = {}
        for product, adjoint in self.plan.backward.product_adjoints.items():
            if adjoint.size != "1":
                by_operand.setdefault(product.operand, []).append((product, adjoint))
        for operand, pairs in by_operand.items():
            is_here = self._is_in_memory(operand)
            kept = [(p, a) for p, a in pairs if is_here and a in self.columns]
            self.left.products += [(operand, p, a) for p, a in pairs if (p, a) not in kept]
            kept.sort(key=lambda pair: self.columns[pair[1]])
            done = 0
            for start, stop in columns_of((a for _, a in kept), self.columns):
                names = [p.matrix.name for p, _ in kept[done : done + stop - start]]
                found.append((operand, (start, stop), names))
                done += stop - start
        return found

    def _place_runs(self) -> None:
        """A piece for each run whose matrices have none; a later product adds to what is there."""
        known: set[str] = set()
        for operand, _, names in self.runs:
            fresh = [name for name in dict.fromkeys(names) if name not in known]
            if fresh:
                known.update(fresh)
                shape = (self.call.hidden_size, self._size(operand))
                self.shapes.append(shape if len(fresh) == 1 else (len(fresh), *shape))
                piece = len(self.shapes) - 1
                for number, name in enumerate(fresh):
                    self.places.append((name, piece, number if len(fresh) > 1 else -1))

    def _find_vectors(self) -> list[tuple[int, int]]:
        """Columns of sums, with the row of the last piece that they go to."""
        found: list[tuple[int, int]] = []
        names: list[str] = []
        for name, node in self.plan.backward.vector_adjoints.items():
            if node in self.made.summed:
                found.append((self.made.summed.index(node), len(names)))
                names.append(name)
            elif node.size != "1":
                self.left.vectors.append((name, node))
        if names:
            size = self.call.hidden_size
            self.shapes.append((len(names), size) if len(names) > 1 else (size,))
            piece = len(self.shapes) - 1
            self.places += [(n, piece, at if len(names) > 1 else -1) for at, n in enumerate(names)]
        return found

    def _find_terms(self) -> list[tuple[tuple[int, int], list[Matmul]]]:
        """Neighbouring columns whose products with matrices make the gradient by the input."""
        kept = {*self.made.kept, *self.made.exact}
        terms = terms_of(self.plan.backward.input, kept)
        direct: list[Matmul] = []
        if self.call.input.picks is None:
            direct = [t for t in terms if isinstance(t, Matmul) and t.operand in self.columns]
            direct = [t for t in direct if t not in kept]
        self.left.terms = [t for t in terms if t not in direct and t.size != "1"]
        direct.sort(key=lambda term: self.columns[term.operand])
        found, done = list[tuple[tuple[int, int], list[Matmul]]](), 0
        for start, stop in columns_of((t.operand for t in direct), self.columns):
            found.append(((start, stop), direct[done : done + stop - start]))
            done += stop - start
        return found

    def _size(self, operand: Node) -> int:
        return self.call.x.shape[1] if operand.size == "I" else self.call.hidden_size

    def _is_in_memory(self, operand: Node) -> bool:
        """Whether an operand lies somewhere as products read it."""
        if isinstance(operand, Input):
            return self.call.input.picks is None
        return self._home(operand) is not None

    def _home(self, node: Node) -> tuple[str, Rows] | None:
        """The buffer that holds the values of an operand for all rows, and which rows they are."""
        call, schedule = self.call, self.call.kernels.saving_pass.schedule
        found: tuple[str, Rows] | None = None
        whole = slice(0, call.rows.num_rows)
        if isinstance(node, State):
            found = (self._history(node.name), call.rows.old)
        elif node in schedule.operands:
            found = (schedule.operands[node].buffer, whole)
        else:
            news = [name for name, new in self.plan.next_state.items() if new is node]
            if news:
                found = (self._history(news[0]), call.rows.new)
            elif node is self.plan.output and "output" in schedule.buffers:
                found = ("output", whole)
        if found is None or found[0] not in schedule.buffers:
            return None
        is_rounded = found[0] in schedule.rounded
        return found if is_rounded == call.kernels.is_rounded else None

    def _history(self, name: str) -> str:
        rounded = f"rounded_{name}"
        names = self.call.kernels.saving_pass.schedule.buffers
        return rounded if rounded in names else f"state_{name}"

    # The commands.

    def write(self, blocks: Mapping[str, Block], numbers: Mapping[str, int]) -> None:
        """All commands, in order."""
        self.blocks, self.numbers = blocks, numbers
        self._pieces = {name: (piece, row) for name, piece, row in self.places}
        self._operands: dict[Node, Block] = {}
        self._done: set[str] = set()
        for operand, columns, names in self.runs:
            self._write_run(self._operand(operand), columns, names)
        self._write_vectors()
        if self.needs_x:
            self._write_input()

    def rest(self, blocks: Mapping[str, Block]) -> Rest | None:
        """What is left to torch, if anything."""
        return Rest(self.left, blocks) if self.left else None

    def _columns(self, start: int, stop: int) -> Block:
        """Columns of the adjoints; where several are padded, with the padding between them."""
        padded = self.call.padded
        end = stop * padded if stop - start > 1 else start * padded + self.call.hidden_size
        return self.blocks["adjoints"].columns(start * padded, end)

    def _operand(self, node: Node) -> Block:
        """The values of an operand for all rows, in rows of whole blocks of units."""
        if node not in self._operands:
            self._operands[node] = self._find_operand(node)
        return self._operands[node]

    def _find_operand(self, node: Node) -> Block:
        room, count = self.writer.scratch.block, self.call.rows.num_rows
        if isinstance(node, Input):
            x = self.blocks["x"]
            padded = padded_size(x.width, self.writer.units)
            if padded == x.width:
                return x
            block = room(count, padded, x.dtype)
            self.writer.copy(x, block)
            return block.columns(0, x.width)
        home = self._home(node)
        assert home is not None, "an operand without a place is left to torch"
        buffer, rows = self.blocks[home[0]], home[1]
        if isinstance(rows, slice):
            return buffer.part(rows).columns(0, self.call.hidden_size)
        block = room(count, self.call.padded, buffer.dtype)
        self.writer.copy(buffer, block, come=rows)
        return block.columns(0, self.call.hidden_size)

    def _piece(self, name: str) -> Block:
        """Where the gradient by a parameter goes."""
        piece, row = self._pieces[name]
        shape = self.shapes[piece]
        rows, width = (1, shape[-1]) if len(shape) - (row >= 0) == 1 else shape[-2:]
        block = external(self.numbers[f"piece {piece}"], (row + 1 or 1) * rows, width, self.dtype)
        return block.part(slice(max(row, 0) * rows, (max(row, 0) + 1) * rows))

    def _write_run(self, right: Block, columns: tuple[int, int], names: list[str]) -> None:
        """One product for neighbouring columns; straight to where it belongs, if it fits there."""
        call, writer = self.call, self.writer
        left = self._columns(*columns)
        padded = padded_size(right.width, writer.units)
        is_fresh = len(set(names)) == len(names) and not self._done.intersection(names)
        is_whole = padded == right.width and (len(names) == 1 or call.padded == call.hidden_size)
        if is_fresh and is_whole:
            first = self._piece(names[0])
            writer.outer(left, right, first)
        else:
            whole = writer.scratch.block(left.width, padded, self.dtype)
            writer.outer(left, right, whole)
            for number, name in enumerate(names):
                start = number * call.padded
                part = whole.part(slice(start, start + call.hidden_size)).columns(0, right.width)
                writer.add(part, self._piece(name), is_added=name in self._done)
                self._done.add(name)
        self._done.update(names)

    def _write_vectors(self) -> None:
        """Sums over threads."""
        summed, size = self.blocks["summed"], self.call.hidden_size
        names = [name for name, piece, _ in self.places if piece == len(self.shapes) - 1]
        for column, row in self.vectors:
            start = column * self.call.padded
            self.writer.add(
                summed.columns(start, start + size).part(slice(0, 1)),
                self._piece(names[row]),
                count=summed.rows,
                apart=summed.stride,
                is_added=False,
            )

    def _write_input(self) -> None:
        """The gradient by the input: products of columns side by side."""
        call, writer, target = self.call, self.writer, self.blocks["x gradient"]
        if not self.terms:
            writer.clear(target)
            return
        padded = padded_size(target.width, writer.units)
        room = target
        for number, (columns, terms) in enumerate(self.terms):
            if number or padded > target.width:
                room = writer.scratch.block(target.rows, padded, target.dtype)
            tiling = call.tiling
            steps = len(terms) * steps_of(call.padded, tiling)
            panels = Panels(
                memory=self.numbers[f"panels {number}"],
                count=padded // writer.units,
                stride=steps * tiling.terms * tiling.units,
            )
            writer.multiply(self._columns(*columns), panels, room)
            if room is not target:
                writer.add(room.columns(0, target.width), target, is_added=number > 0)


def terms_of(node: Node, kept: Container[Node]) -> list[Node]:
    """The terms of nested additions, as far as the kernel has not added them up."""
    if isinstance(node, Binary) and node.function == "add" and node not in kept:
        return [term for child in node.children for term in terms_of(child, kept)]
    return [node]
