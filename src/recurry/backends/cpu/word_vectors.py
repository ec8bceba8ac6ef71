"""Word vectors learnt from neighbours: skip-gram and CBOW with negative sampling, as machine code.

Comes in: a machine, the size of the vectors and the kind. Goes out: the text of a module with one
worker that every thread runs, `@learn_words`. Imports emitter, machine, pauses, vector.

A thread takes a piece of the text, leaves frequent words out, and meets its sentences. Every draw
is a function of the seed and the number of the piece, so one thread gives the same bits each time;
several write to the same rows without waiting for one another (Hogwild).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from recurry.backends.cpu.emitter import Emitter, Lanes, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.vector import FUNCTIONS

FIELDS = (
    *("ticket", "thread", "pieces", "piece_words", "first_piece", "ids", "count", "border"),
    *("keep", "alias", "num_words", "inputs", "outputs", "window", "negatives", "rates", "seed"),
    *("scratch", "scratch_bytes", "targets_at", "scores_at", "hidden_at"),
)
_POINTERS = frozenset(
    ("ticket", "thread", "ids", "keep", "alias", "inputs", "outputs", "rates", "scratch")
)
# Of splitmix64: the step between states, and what mixes their bits.
_STEP, _MIXERS = 0x9E3779B97F4A7C15, ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31
# Of all registers, a vector's block may take so many: it is there twice, beside rows from memory.
_SHARE_OF_REGISTERS = 3 / 8


@dataclass(frozen=True, kw_only=True)
class Rows:
    """How the vector of a word lies in memory.

    Args:
        lanes: The registers that it fills.
        vectors: Registers in a block.
        blocks: Blocks in a row.
    """

    lanes: Lanes
    vectors: int
    blocks: int

    @property
    def width(self) -> int:
        """Numbers of a block."""
        return self.vectors * self.lanes.count

    @property
    def size(self) -> int:
        """Numbers of a row, those behind the last of the vector included; they stay 0."""
        return self.blocks * self.width


@lru_cache
def make_rows(machine: Machine, size: int) -> Rows:
    """Few blocks that a register file holds, with as little as possible behind the vector."""
    lanes = Lanes(bits=32, count=machine.vector_bytes // 4)
    vectors = -(-size // lanes.count)
    blocks = -(-vectors // int(machine.num_registers * _SHARE_OF_REGISTERS))
    return Rows(lanes=lanes, vectors=-(-vectors // blocks), blocks=blocks)


def write_word_vectors(machine: Machine, rows: Rows, *, is_skip_gram: bool) -> str:
    """The text of the module."""
    module = Module(machine, rows.lanes)
    with module.function(
        "update", "ptr %frame, ptr %scratch, ptr %hidden, i64 %targets, float %rate"
    ) as e:
        _write_update(e, rows, is_skip_gram=is_skip_gram)
    with module.function("sample", "ptr %frame, ptr %scratch, ptr %state, ptr %found") as e:
        _write_sample(e)
    with module.function(
        "meet_words", "ptr %frame, ptr %scratch, ptr %state, i64 %count, float %rate"
    ) as e:
        _write_sentence(e, rows, is_skip_gram=is_skip_gram)
    with module.function("learn_words", "ptr %frame", is_exported=True) as e, write_denormals(e):
        _write_worker(e)
    return str(module)


def _field(e: Emitter, name: str) -> Value:
    return e.field("%frame", FIELDS.index(name), "ptr" if name in _POINTERS else "i64")


def _byte(e: Emitter, start: Value, place: Value) -> Value:
    return e.take(f"getelementptr i8, ptr {start}, i64 {place}")


def _signed(number: int) -> int:
    """A number of 64 bits as LLVM writes it."""
    return number - 2**64 if number >= 2**63 else number


def _mix(e: Emitter, value: Value) -> Value:
    """Every bit of the result depends on every bit of the value."""
    for shift, factor in _MIXERS:
        folded = e.take(f"xor i64 {value}, {e.take(f'lshr i64 {value}, {shift}')}")
        value = e.take(f"mul i64 {folded}, {_signed(factor)}")
    return e.take(f"xor i64 {value}, {e.take(f'lshr i64 {value}, {_LAST_SHIFT}')}")


def _draw(e: Emitter, state: Value) -> Value:
    """64 random bits (splitmix64)."""
    after = e.take(f"add i64 {e.take(f'load i64, ptr {state}, align 8')}, {_signed(_STEP)}")
    e.put(f"store i64 {after}, ptr {state}, align 8")
    return _mix(e, after)


def _high(e: Emitter, bits: Value) -> Value:
    return e.take(f"lshr i64 {bits}, 32")


def _low(e: Emitter, bits: Value) -> Value:
    return e.take(f"and i64 {bits}, {2**32 - 1}")


def _below(e: Emitter, bits: Value, limit: Value) -> Value:
    """A number from 0 to below the limit, from the upper half of random bits."""
    return _high(e, e.multiply_int(_high(e, bits), limit))


def _write_worker(e: Emitter) -> None:
    """Take the next piece until there is none."""
    take, body, end = e.new_label("take"), e.new_label("piece"), e.new_label("end")
    state, kept = e.variable("i64"), e.variable("i64")
    thread = e.take(f"atomicrmw add ptr {_field(e, 'thread')}, i64 1 acq_rel")
    scratch = _byte(e, _field(e, "scratch"), e.multiply_int(thread, _field(e, "scratch_bytes")))
    ticket, pieces, size = _field(e, "ticket"), _field(e, "pieces"), _field(e, "piece_words")
    e.put(f"br label %{take}")
    e.label(take)
    piece = e.take(f"atomicrmw add ptr {ticket}, i64 1 acq_rel")
    e.branch(e.compare("slt", piece, pieces), body, end)
    e.label(body)
    number = e.add_int(piece, _field(e, "first_piece"))
    spread = e.take(f"mul i64 {number}, {_signed(_STEP)}")
    mixed = _mix(e, e.take(f"xor i64 {spread}, {_field(e, 'seed')}"))
    e.put(f"store i64 {mixed}, ptr {state}, align 8")
    start = e.multiply_int(piece, size)
    stop = e.smaller_int(e.add_int(start, size), _field(e, "count"))
    rate = _rate(e, number)
    _write_piece(e, scratch, (state, kept), (start, stop), rate)
    e.put(f"br label %{take}")
    e.label(end)


def _rate(e: Emitter, number: Value) -> Value:
    """The learning rate of a piece: it falls along a line from the first piece to the last."""
    rates = _field(e, "rates")
    first, slope, least = (
        e.take(f"load float, ptr {e.move(rates, index)}, align 4") for index in range(3)
    )
    fall = e.take(f"fmul float {e.take(f'sitofp i64 {number} to float')}, {slope}")
    rate = e.take(f"fsub float {first}, {fall}")
    is_less = e.take(f"fcmp olt float {rate}, {least}")
    return e.take(f"select i1 {is_less}, float {least}, float {rate}")


def _write_piece(
    e: Emitter,
    scratch: Value,
    variables: tuple[Value, Value],
    ends: tuple[Value, Value],
    rate: Value,
) -> None:
    """Gather the kept words of a sentence; at its end, learn from them."""
    state, kept = variables
    ids, keep, border = _field(e, "ids"), _field(e, "keep"), _field(e, "border")

    def meet() -> None:
        count = e.take(f"load i64, ptr {kept}, align 8")
        e.put(
            f"call void @meet_words(ptr %frame, ptr {scratch}, ptr {state}, i64 {count}, "
            f"float {rate})"
        )
        e.put(f"store i64 0, ptr {kept}, align 8")

    e.put(f"store i64 0, ptr {kept}, align 8")
    with e.loop(*ends) as at:
        word = e.field(ids, at)
        with e.when(e.compare("eq", word, border)):
            meet()
        is_kept = e.compare("slt", _high(e, _draw(e, state)), e.field(keep, word))
        count = e.take(f"load i64, ptr {kept}, align 8")
        e.put(f"store i64 {word}, ptr {e.move(scratch, count, 'i64')}, align 8")
        e.put(f"store i64 {e.add_int(count, e.truth(is_kept))}, ptr {kept}, align 8")
    meet()


def _write_sentence(e: Emitter, rows: Rows, *, is_skip_gram: bool) -> None:
    """Every word with the words around it, as far as a window of random width reaches."""
    window, inputs = _field(e, "window"), _field(e, "inputs")
    hidden, found = _byte(e, "%scratch", _field(e, "hidden_at")), e.variable("i64")
    targets = _byte(e, "%scratch", _field(e, "targets_at"))

    def update(vector: Value) -> None:
        e.put("call void @sample(ptr %frame, ptr %scratch, ptr %state, ptr " + found + ")")
        number = e.take(f"load i64, ptr {found}, align 8")
        e.put(
            f"call void @update(ptr %frame, ptr %scratch, ptr {vector}, i64 {number}, float %rate)"
        )

    with e.loop("0", "%count") as middle:
        reach = e.subtract_int(window, _below(e, _draw(e, "%state"), window))
        left = e.subtract_int(middle, reach)
        first = e.take(f"select i1 {e.compare('slt', left, 0)}, i64 0, i64 {left}")
        last = e.smaller_int(e.add_int(e.add_int(middle, reach), 1), "%count")
        e.put(f"store i64 {e.field('%scratch', middle)}, ptr {targets}, align 8")
        around = _Around(e, rows, inputs, (first, middle, last))
        if is_skip_gram:
            with around.each() as row:
                update(row)
        else:
            count = e.subtract_int(e.subtract_int(last, first), 1)
            with e.when(e.compare("sgt", count, 0)):
                _write_mean(around, hidden, count)
                update(hidden)
                with around.each() as row:
                    _add_row(e, rows, row, hidden)


@dataclass(frozen=True)
class _Around:
    """The words from a first one to before a last one, without the one in the middle."""

    e: Emitter
    rows: Rows
    inputs: Value
    places: tuple[Value, Value, Value]

    @contextmanager
    def each(self) -> Iterator[Value]:
        """The row of one after the other."""
        e, (first, middle, last) = self.e, self.places
        with e.loop(first, last) as place, e.when(e.compare("ne", place, middle)):
            word = e.field("%scratch", place)
            yield e.move(self.inputs, e.multiply_int(word, self.rows.size))


def _vectors(e: Emitter, rows: Rows, row: Value, start: Value) -> list[Value]:
    """Where the registers of one block lie."""
    block = e.move(row, start)
    return [e.move(block, number * rows.lanes.count) for number in range(rows.vectors)]


def _write_mean(around: _Around, hidden: Value, count: Value) -> None:
    """The mean of the rows around a word."""
    e, rows = around.e, around.rows
    share = e.variable("float", align=4)
    one = e.take(f"fdiv float 1.0, {e.take(f'sitofp i64 {count} to float')}")
    e.put(f"store float {one}, ptr {share}, align 4")
    with e.loop("0", str(rows.size), rows.width) as start:
        sums = [
            e.variable(rows.lanes.type, "zeroinitializer", align=64) for _ in range(rows.vectors)
        ]
        with around.each() as row:
            for total, place in zip(sums, _vectors(e, rows, row, start), strict=True):
                e.store(e.arithmetic("fadd", e.load(total), e.load(place)), total)
        factor = e.spread(share)
        for total, place in zip(sums, _vectors(e, rows, hidden, start), strict=True):
            e.store(e.arithmetic("fmul", e.load(total), factor), place)


def _add_row(e: Emitter, rows: Rows, row: Value, change: Value) -> None:
    with e.loop("0", str(rows.size), rows.width) as start:
        places = zip(_vectors(e, rows, row, start), _vectors(e, rows, change, start), strict=True)
        for place, source in places:
            e.store(e.arithmetic("fadd", e.load(place), e.load(source)), place)


def _write_sample(e: Emitter) -> None:
    """Draw words that were not there, by the alias method; the one that was there is left out.

    The table has a share and another word for each word: of the draws that fall on a word, that
    share (of 2**32) stay with it, and the rest go to the other.
    """
    targets, alias = _byte(e, "%scratch", _field(e, "targets_at")), _field(e, "alias")
    limit = _field(e, "num_words")
    there = e.field(targets, 0)
    count = e.variable("i64", "1")
    with e.loop("0", _field(e, "negatives")):
        bits = _draw(e, "%state")
        word = _below(e, bits, limit)
        entry = e.multiply_int(word, 2)
        stays = e.compare("slt", _low(e, bits), e.field(alias, entry))
        other = e.field(alias, e.add_int(entry, 1))
        drawn = e.take(f"select i1 {stays}, i64 {word}, i64 {other}")
        at = e.take(f"load i64, ptr {count}, align 8")
        e.put(f"store i64 {drawn}, ptr {e.move(targets, at, 'i64')}, align 8")
        following = e.add_int(at, e.truth(e.compare("ne", drawn, there)))
        e.put(f"store i64 {following}, ptr {count}, align 8")
    e.put(f"store i64 {e.take(f'load i64, ptr {count}, align 8')}, ptr %found, align 8")


def _write_update(e: Emitter, rows: Rows, *, is_skip_gram: bool) -> None:
    """One step down the gradient for one vector: the first target was there, the others not."""
    outputs = _field(e, "outputs")
    targets, scores = (
        _byte(e, "%scratch", _field(e, name)) for name in ("targets_at", "scores_at")
    )

    def target_row(number: Value) -> Value:
        return e.move(outputs, e.multiply_int(e.field(targets, number), rows.size))

    _write_scores(e, rows, scores, target_row)
    _write_steps(e, rows, scores)
    with e.loop("0", str(rows.size), rows.width) as start:
        places = _vectors(e, rows, "%hidden", start)
        hidden = [e.load(place) for place in places]
        first = hidden if is_skip_gram else ["zeroinitializer"] * rows.vectors
        sums = [e.variable(rows.lanes.type, value, align=64) for value in first]
        with e.loop("0", "%targets") as number:
            step = e.spread(e.move(scores, number))
            row = _vectors(e, rows, target_row(number), start)
            for place, total, value in zip(row, sums, hidden, strict=True):
                weight = e.load(place)
                e.store(e.fma(step, weight, e.load(total)), total)
                e.store(e.fma(step, value, weight), place)
        for place, total in zip(places, sums, strict=True):
            e.store(e.load(total), place)


def _write_scores(e: Emitter, rows: Rows, scores: Value, target_row) -> None:
    """The product of the vector with the row of each target."""
    kept: list[Value] = []
    if rows.blocks == 1:
        kept = [e.load(place) for place in _vectors(e, rows, "%hidden", "0")]
    with e.loop("0", "%targets") as number:
        row = target_row(number)
        sums = [e.variable(e.lanes.type, "zeroinitializer", align=64) for _ in range(2)]
        with e.loop("0", str(rows.size), rows.width) as start:
            vector = kept or [e.load(place) for place in _vectors(e, rows, "%hidden", start)]
            for index, place in enumerate(_vectors(e, rows, row, start)):
                total = sums[index % 2]
                e.store(e.fma(vector[index], e.load(place), e.load(total)), total)
        total = e.arithmetic("fadd", *(e.load(part) for part in sums))
        score = e.over_lanes("fadd", total)
        e.put(f"store float {score}, ptr {e.move(scores, number)}, align 4")


def _write_steps(e: Emitter, rows: Rows, scores: Value) -> None:
    """From scores to steps: the rate times what the sigmoid should have been, less what it is."""
    rate = e.variable("float", "%rate", align=4)
    factor = e.spread(rate)
    with e.loop("0", "%targets", rows.lanes.count) as start:
        place = e.move(scores, start)
        chance = FUNCTIONS["sigmoid"](e, e.load(place))
        negative = e.arithmetic("fsub", "zeroinitializer", chance)
        e.store(e.arithmetic("fmul", negative, factor), place)
    first = e.take(f"load float, ptr {scores}, align 4")
    e.put(f"store float {e.take(f'fadd float {first}, %rate')}, ptr {scores}, align 4")
