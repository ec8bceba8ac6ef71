"""The time loop of one kernel: stages, threads that meet between them, products, pointwise work.

Comes in: a schedule. Goes out: the text of a module with one function, `@worker(frame)`, that every
thread runs. Imports emitter, pauses, rough, schedule, terms, tiling, vector.

The frame is a table of 64-bit entries; `frame_fields` names them. Sizes are entries too, so one
kernel serves a cell at every size.
"""

from collections.abc import Mapping

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.pauses import write_denormals, write_meeting
from recurry.backends.cpu.rough import functions
from recurry.backends.cpu.schedule import PICKED, Group, Place, Schedule, Stage
from recurry.backends.cpu.terms import store_rounded
from recurry.backends.cpu.tiles import ready_tiles
from recurry.backends.cpu.tiling import Tiling
from recurry.compiler.nodes import Constant, Node, Unary

# Which row of its buffers a step begins at, in each way that buffers are laid out.
ROW_TABLES = ("rows", "before", "after", "even", "odd")
# Steps from `first` to before `last` are run. `shares` has four entries a thread: first and last
# row, first and last block of units. `ticket` counts threads in, `arrivals` counts meetings, which
# take place where `threads` > 1. `products` is the function of that module: all kernels share it.
_FIELDS = (
    *("first", "last", "threads", "shares", "ticket", "arrivals", "give_way", "products", "sizes"),
    *("input_size", "hidden_size", "padded_size"),
    *ROW_TABLES,
    PICKED,
)

_POINTERS = ("shares", "ticket", "arrivals", "products", "sizes")


def frame_fields(schedule: Schedule) -> tuple[str, ...]:
    """Names of the entries of a frame: sizes, tables, then a pointer and a row length a buffer."""
    pairs = [(name, f"{name}.row") for name in schedule.buffers]
    return (*_FIELDS, *(field for pair in pairs for field in pair))


def write_kernel(
    schedule: Schedule, tiling: Tiling, machine: Machine, *, has_tiles: bool = False
) -> str:
    """The text of the module; its products run on tiles if so said."""
    module = Module(machine, tiling.lanes)
    write_meeting(module)
    worker = module.function("worker", "ptr %frame", is_exported=True)
    with worker as e, write_denormals(e), ready_tiles(e, are_used=has_tiles):
        _Worker(e, schedule, tiling).write()
    return str(module)


class _Worker:
    """Writes the body of the worker."""

    def __init__(self, e: Emitter, schedule: Schedule, tiling: Tiling) -> None:
        self.e, self.schedule, self.tiling = e, schedule, tiling
        names = frame_fields(schedule)
        pointers = {*schedule.buffers, *ROW_TABLES, PICKED, *_POINTERS}
        self.fields: Mapping[str, Value] = {
            name: e.field("%frame", index, "ptr" if name in pointers else "i64")
            for index, name in enumerate(names)
        }
        self.group = {stage: self._blocks_at_once(stage) for stage in schedule.stages}
        self.picked: dict[Value, Value] = {}
        columns = [len(stage.sums) * self.group[stage] for stage in schedule.stages]
        self.sums = e.variable(
            f"[{max(columns) * tiling.chunk * tiling.units} x {tiling.lanes.scalar}]", align=64
        )

    def _blocks_at_once(self, stage: Stage) -> int:
        """Blocks of units whose products run together, so that few rows make enough work."""
        return -(-self.tiling.most_panels // len(stage.sums)) if stage.sums else 1

    def write(self) -> None:
        """The loops over steps, stages, blocks of units and rows."""
        e, f = self.e, self.fields
        thread = e.take(f"atomicrmw add ptr {f['ticket']}, i64 1 acq_rel")
        base = e.multiply_int(thread, 4)
        first_row, last_row, first_block, last_block = (
            e.field(f["shares"], e.add_int(base, index)) for index in range(4)
        )
        self.thread = thread
        met = e.variable("i64", "0")
        with e.loop(f["first"], f["last"]) as step:
            self.streams = e.field(f["sizes"], step)
            end = e.smaller_int(self.streams, last_row)
            self.starts = {name: e.field(f[name], step) for name in ROW_TABLES}
            for stage in self.schedule.stages:
                if stage.groups:
                    e.put(f"call void @meet(ptr %frame, ptr {met})")
                with e.loop(first_block, last_block, self.group[stage]) as block:
                    left = e.subtract_int(last_block, block)
                    blocks = e.smaller_int(left, self.group[stage])
                    with e.loop(first_row, end, self.tiling.chunk) as row:
                        rows = e.smaller_int(e.subtract_int(end, row), self.tiling.chunk)
                        self._write_part(stage, block, blocks, row, rows)

    def _write_part(
        self, stage: Stage, block: Value, blocks: Value, row: Value, rows: Value
    ) -> None:
        """Products and pointwise work of some rows and blocks of units."""
        first = 0
        for group in stage.groups:
            self._write_group(group, first * self.group[stage], block, blocks, row, rows)
            first += len(group.sums)
        with self.e.loop("0", blocks) as offset:
            here = self.e.add_int(block, offset)
            pointwise = _Pointwise(self, stage, here, offset)
            pointwise.write(row, rows)

    def _write_group(
        self, group: Group, first: int, block: Value, blocks: Value, row: Value, rows: Value
    ) -> None:
        """All products of a group."""
        e, tiling = self.e, self.tiling
        sizes = [self._size(size) for size in group.sizes]
        packed = [self._packed_size(size) for size in sizes]
        terms = packed[0]
        for size in packed[1:]:
            terms = e.add_int(terms, size)
        panel = e.multiply_int(terms, tiling.units)
        weights = e.multiply_int(e.multiply_int(block, len(group.sums)), panel)
        sums = e.move(self.sums, first * tiling.chunk * tiling.units)
        panels = e.multiply_int(blocks, len(group.sums))
        has_start = any(total.start for total in group.sums)
        if has_start:
            self._write_starts(group, sums, block, blocks, row, rows)
        done: Value = "0"
        for operand, size, room in zip(group.operands, sizes, packed, strict=True):
            source = self.row_pointer(operand, row, self.plane(operand, "0"))
            length = self.fields[f"{operand.buffer}.row"]
            is_added = "1" if has_start else e.truth(e.compare("sgt", done, 0))
            at = e.move(
                self.fields[group.name],
                e.add_int(weights, e.multiply_int(done, tiling.units)),
                tiling.operand,
            )
            given = (
                f"ptr {source}, i64 {length}, ptr {at}, i64 {panel}, i64 {size}, "
                f"ptr {sums}, i64 {tiling.units}, i64 {tiling.chunk * tiling.units}, "
                f"i64 {is_added}, i64 {rows}, i64 {panels}"
            )
            e.put(f"call void {self.fields['products']}({given})")
            done = e.add_int(done, room)

    def _write_starts(
        self, group: Group, sums: Value, block: Value, blocks: Value, row: Value, rows: Value
    ) -> None:
        """Fill the accumulators with what was made before the loop, or zeros."""
        e, tiling = self.e, self.tiling
        lanes, size = tiling.lanes, tiling.chunk * tiling.units
        with e.loop("0", blocks) as offset:
            here = e.add_int(block, offset)
            first = e.multiply_int(offset, len(group.sums))
            planes = [
                total.start and self.plane(self.schedule.places[total.start], here)
                for total in group.sums
            ]
            with e.loop("0", rows) as number:
                here = e.add_int(row, number)
                for index, (total, plane) in enumerate(zip(group.sums, planes, strict=True)):
                    panel = e.move(sums, e.multiply_int(e.add_int(first, index), size))
                    target = e.move(panel, e.multiply_int(number, tiling.units))
                    source = target
                    if total.start is not None and plane is not None:
                        place = self.schedule.places[total.start]
                        source = self.row_pointer(place, here, plane)
                    for vector in range(tiling.vectors):
                        at = vector * lanes.count
                        value = e.load(e.move(source, at)) if plane else e.constant(0.0)
                        e.store(value, e.move(target, at))

    def _size(self, size: str) -> Value:
        return self.fields["input_size" if size == "I" else "hidden_size"]

    def _packed_size(self, size: Value) -> Value:
        """Terms of packed weights: an odd last one has room for a second."""
        if not self.tiling.is_rounded:
            return size
        return self.e.take(f"and i64 {self.e.add_int(size, 1)}, -2")

    def plane(self, place: Place, block: Value) -> Value:
        """Numbers from the start of a row to a block of units of one value."""
        e, units = self.e, self.tiling.units
        if place.is_blocked:
            rows = e.multiply_int(e.multiply_int(block, self.streams), self._blocked_row(place))
            return e.add_int(rows, place.column * units)
        column = e.multiply_int(self.fields["padded_size"], place.column)
        return e.add_int(column, e.multiply_int(block, units))

    def _blocked_row(self, place: Place) -> int:
        """Numbers of one row and one block of units: rows of a block follow one another, so that a
        kernel writes and reads them from start to end."""
        return self.schedule.widths[place.buffer] * self.tiling.units

    def row_pointer(self, place: Place, row: Value, plane: Value) -> Value:
        """Where a row of a value begins, in this step."""
        e, kind = self.e, "bfloat" if place.is_rounded else None
        pointer = e.move(self.fields[place.buffer], plane, kind)
        if not place.rows:
            return pointer
        length = self.fields[f"{place.buffer}.row"]
        if place.is_blocked:
            pointer = e.move(pointer, e.multiply_int(self.starts[place.rows], length))
            return e.move(pointer, e.multiply_int(row, self._blocked_row(place)))
        is_picked = place.rows == PICKED
        at = self._picked(row) if is_picked else e.add_int(self.starts[place.rows], row)
        return e.move(pointer, e.multiply_int(at, length), kind)

    def _picked(self, row: Value) -> Value:
        """The row of the input that a row of this step reads, loaded once for all places."""
        if row not in self.picked:
            at = self.e.add_int(self.starts["rows"], row)
            self.picked[row] = self.e.field(self.fields[PICKED], at)
        return self.picked[row]


class _Pointwise:
    """Writes the part of a stage that works unit by unit, for one block of units."""

    def __init__(self, worker: _Worker, stage: Stage, block: Value, offset: Value) -> None:
        self.worker, self.stage, self.block = worker, stage, block
        self.e, self.tiling = worker.e, worker.tiling
        self.planes: dict[Place, Value] = {}
        self.sums = self._sum_pointers(offset)
        self.totals: dict[int, list[Value]] = {}

    def _sum_pointers(self, offset: Value) -> dict[Node, Value]:
        """Where the accumulators of this block begin, by sum."""
        e, size = self.e, self.tiling.chunk * self.tiling.units
        found: dict[Node, Value] = {}
        first = 0
        for group in self.stage.groups:
            start = e.add_int(
                e.multiply_int(offset, len(group.sums)), first * self.worker.group[self.stage]
            )
            for number, total in enumerate(group.sums):
                panel = e.add_int(start, number)
                found[total] = e.move(self.worker.sums, e.multiply_int(panel, size))
            first += len(group.sums)
        return found

    def write(self, first: Value, rows: Value) -> None:
        """A loop over rows: load, compute, store; running sums in registers."""
        e, vectors = self.e, range(self.tiling.vectors)
        kind, align = e.lanes.type, e.lanes.count * e.lanes.bytes
        for _, column in self.stage.summed:
            self.totals[column] = [e.variable(kind, e.constant(0.0), align=align) for _ in vectors]
        self._prepare_planes()
        with e.loop("0", rows) as row:
            self._write_row(row, e.add_int(first, row))
        for column, totals in self.totals.items():
            self._add_totals(column, totals)

    def _prepare_planes(self) -> None:
        for node in self.stage.leaves:
            place = self.worker.schedule.places[node]
            self.planes.setdefault(place, self.worker.plane(place, self.block))
        for _, place in self.stage.stores:
            self.planes.setdefault(place, self.worker.plane(place, self.block))

    def _write_row(self, in_chunk: Value, row: Value) -> None:
        e, lanes = self.e, self.tiling.lanes
        pointers = {
            place: self.worker.row_pointer(place, row, plane)
            for place, plane in self.planes.items()
        }
        values: list[dict[Node, Value]] = [{} for _ in range(self.tiling.vectors)]
        in_sums = e.multiply_int(in_chunk, self.tiling.units)
        for number, known in enumerate(values):
            for node in self.stage.leaves:
                pointer = pointers[self.worker.schedule.places[node]]
                known[node] = e.load(e.move(pointer, number * lanes.count))
            for total, pointer in self.sums.items():
                at = e.add_int(in_sums, number * lanes.count)
                known[total] = e.load(e.move(pointer, at))
        for node in self.stage.pointwise:
            for known in values:
                known[node] = self._compute(node, known)
        for number, known in enumerate(values):
            for node, place in self.stage.stores:
                self._store(self._value(node, known), place, pointers[place], number * lanes.count)
            for node, column in self.stage.summed:
                self._accumulate(self.totals[column][number], self._value(node, known))

    def _store(self, value: Value, place: Place, pointer: Value, at: int) -> None:
        if place.is_rounded:
            store_rounded(self.e, value, self.e.move(pointer, at, "bfloat"))
        else:
            self.e.store(value, self.e.move(pointer, at))

    def _value(self, node: Node, known: Mapping[Node, Value]) -> Value:
        return self.e.constant(node.value) if isinstance(node, Constant) else known[node]

    def _compute(self, node: Node, known: Mapping[Node, Value]) -> Value:
        function = getattr(node, "function", "")
        children = (node.operand,) if isinstance(node, Unary) else node.children
        made = functions(self.tiling)[function]
        return made(self.e, *(self._value(child, known) for child in children))

    def _accumulate(self, total: Value, value: Value) -> None:
        e = self.e
        kind, align = e.lanes.type, e.lanes.count * e.lanes.bytes
        now = e.arithmetic("fadd", e.take(f"load {kind}, ptr {total}, align {align}"), value)
        e.put(f"store {kind} {now}, ptr {total}, align {align}")

    def _add_totals(self, column: int, totals: list[Value]) -> None:
        """Add the sums over this chunk of rows to those of the thread."""
        e, f = self.e, self.worker.fields
        kind, align = e.lanes.type, e.lanes.count * e.lanes.bytes
        plane = self.worker.plane(Place(buffer="summed", column=column), self.block)
        mine = e.multiply_int(self.worker.thread, f["summed.row"])
        place = e.move(e.move(f["summed"], mine), plane)
        for number, total in enumerate(totals):
            pointer = e.move(place, number * e.lanes.count)
            sum_ = e.take(f"load {kind}, ptr {total}, align {align}")
            e.store(e.arithmetic("fadd", e.load(pointer), sum_), pointer)
