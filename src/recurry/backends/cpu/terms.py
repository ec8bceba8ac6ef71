"""What one step of a product reads: a number and its weights, or pairs of bfloat16 numbers.

Comes in: an emitter, a tiling and addresses. Goes out: vectors, and sums that have grown. Imports
emitter and tiling.

A vector of pairs holds one pair a lane, the earlier term in the low half. Where the processor has
no instruction for them, the halves are made float32 numbers, which is a matter of moving bits.
"""

from recurry.backends.cpu.emitter import Emitter, Value
from recurry.backends.cpu.tiling import Tiling

Terms = tuple[Value, ...]
"""Vectors whose products with others of the same make are added up: one, or two halves of pairs."""

_HIGH_HALF = 0xFFFF0000
_NATIVE = "llvm.x86.avx512bf16.dpbf16ps.512"


def load_weights(e: Emitter, tiling: Tiling, pointer: Value) -> Terms:
    """The weights of some units, for one term or a pair."""
    if not tiling.is_rounded:
        return (e.load(pointer),)
    return _terms(e, e.take(f"load {e.lanes.integers}, ptr {pointer}, align {e.lanes.bytes}"))


def spread_terms(e: Emitter, tiling: Tiling, pointer: Value) -> Terms:
    """One number, or a pair, in all lanes."""
    if not tiling.is_rounded:
        return (e.spread(pointer),)
    return _terms(e, _spread(e, e.take(f"load i32, ptr {pointer}, align 2")))


def spread_last(e: Emitter, pointer: Value) -> Terms:
    """One bfloat16 number that has no second to make a pair with, and zero in its place."""
    half = e.take(f"load i16, ptr {pointer}, align 2")
    return _terms(e, _spread(e, e.take(f"zext i16 {half} to i32")))


def add_products(e: Emitter, tiling: Tiling, a: Terms, b: Terms, total: Value) -> Value:
    """`total` and the products of terms or pairs."""
    if tiling.is_rounded and e.module.machine.has_bfloat16:
        return _add_pairs(e, a[0], b[0], total)
    for one, other in zip(a, b, strict=True):
        total = e.fma(one, other, total)
    return total


def store_rounded(e: Emitter, value: Value, pointer: Value) -> None:
    """Write a vector as bfloat16: the nearest, of two equally near the even one; NaN stays NaN."""
    count = e.lanes.count
    if e.module.machine.has_bfloat16:
        rounded = e.take(f"fptrunc {e.lanes.type} {value} to <{count} x bfloat>")
        e.put(f"store <{count} x bfloat> {rounded}, ptr {pointer}, align 2")
        return
    number = e.as_integers(value)
    high = e.bits("lshr", number, e.integer(16))
    is_odd = e.bits("and", high, e.integer(1))
    nearest = e.bits("add", e.bits("add", number, e.integer(0x7FFF)), is_odd)
    nearest = e.bits("lshr", nearest, e.integer(16))
    quiet = e.bits("or", high, e.integer(0x40))
    is_nan = e.compare_lanes("uno", value, value)
    kind = e.lanes.integers
    chosen = e.take(f"select {e.lanes.truths} {is_nan}, {kind} {quiet}, {kind} {nearest}")
    short = e.take(f"trunc {kind} {chosen} to <{count} x i16>")
    e.put(f"store <{count} x i16> {short}, ptr {pointer}, align 2")


def load_operand(e: Emitter, tiling: Tiling, pointer: Value) -> Value:
    """Numbers that products read, in the type of sums."""
    if not tiling.is_rounded:
        return e.load(pointer)
    widened = _widened(e, pointer, e.lanes.count)
    return e.as_numbers(e.bits("shl", widened, e.integer(16)))


def pair_up(e: Emitter, low: Value, high: Value | None, count: int) -> Value:
    """Pairs of the bfloat16 numbers at two addresses; of one address and zeros if that is all."""
    first = _widened(e, low, count)
    if high is None:
        return first
    second = e.take(f"shl <{count} x i32> {_widened(e, high, count)}, splat (i32 16)")
    return e.take(f"or <{count} x i32> {first}, {second}")


def _widened(e: Emitter, pointer: Value, count: int) -> Value:
    short = e.take(f"load <{count} x i16>, ptr {pointer}, align 2")
    return e.take(f"zext <{count} x i16> {short} to <{count} x i32>")


def _spread(e: Emitter, pair: Value) -> Value:
    kind, count = e.lanes.integers, e.lanes.count
    one = e.take(f"insertelement {kind} poison, i32 {pair}, i64 0")
    return e.take(f"shufflevector {kind} {one}, {kind} poison, <{count} x i32> zeroinitializer")


def _terms(e: Emitter, pairs: Value) -> Terms:
    """Pairs as they are multiplied: as they are, or in halves."""
    if e.module.machine.has_bfloat16:
        return (pairs,)
    low = e.as_numbers(e.bits("shl", pairs, e.integer(16)))
    high = e.as_numbers(e.bits("and", pairs, e.integer(_HIGH_HALF)))
    return low, high


def _add_pairs(e: Emitter, a: Value, b: Value, total: Value) -> Value:
    kind, pairs = e.lanes.type, f"<{2 * e.lanes.count} x bfloat>"
    e.module.declare(_NATIVE, kind, f"{kind}, {pairs}, {pairs}")
    first, second = (e.take(f"bitcast {e.lanes.integers} {value} to {pairs}") for value in (b, a))
    return e.take(f"call {kind} @{_NATIVE}({kind} {total}, {pairs} {first}, {pairs} {second})")
