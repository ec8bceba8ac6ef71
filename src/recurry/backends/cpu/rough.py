"""Elementary functions where products read bfloat16: exact to 2**-12, at half the cost.

Comes in: an emitter and the names of vectors. Goes out: the name of the result. What is not here is
as in `vector`. NaN and infinity go through. Imports emitter, coefficients, tiling, vector.
"""

import math
from collections.abc import Callable

from recurry.backends.cpu import vector
from recurry.backends.cpu.coefficients import EXP2, TANH, TANH_RANGE
from recurry.backends.cpu.emitter import Emitter, Value
from recurry.backends.cpu.tiling import Tiling
from recurry.backends.cpu.vector import at_least, at_most, polynomial, power_of_two

# Adding it rounds to an integer and leaves that in the low bits.
_MAGIC = 1.5 * 2.0**23
# Of the instruction that takes the integer below away; of all that could round otherwise.
_DOWN, _AS_SET = 1, ("i32", 4)


def _has_scaling(e: Emitter) -> bool:
    """Whether there are instructions for the two parts of a number and for rough reciprocals."""
    return e.lanes.count == 16 and "avx512dq" in e.module.machine.features


def _all_lanes(e: Emitter, name: str, *arguments: tuple[str, Value | int]) -> Value:
    """An instruction of AVX-512 without a mask."""
    kinds = ", ".join(kind for kind, _ in arguments)
    given = ", ".join(f"{kind} {value}" for kind, value in arguments)
    e.module.declare(f"llvm.x86.avx512.{name}", e.lanes.type, kinds)
    return e.take(f"call {e.lanes.type} @llvm.x86.avx512.{name}({given})")


def _exp2(e: Emitter, x: Value) -> Value:
    """`2**x`: the power of two below, times a polynomial of the rest, which is 0 to 1."""
    if _has_scaling(e):
        lanes = e.lanes.type
        others = ((lanes, "zeroinitializer"), ("i16", -1))
        rest = _all_lanes(e, "mask.reduce.ps.512", (lanes, x), ("i32", _DOWN), *others, _AS_SET)
        value = polynomial(e, rest, EXP2)
        return _all_lanes(e, "mask.scalef.ps.512", (lanes, value), (lanes, x), *others, _AS_SET)
    # Half a step above -127, where a tie would round to -128, which is no exponent.
    x = at_least(e, at_most(e, x, 128.0), -126.5)
    below = e.arithmetic("fsub", x, e.constant(0.5))
    shifted = e.arithmetic("fadd", below, e.constant(_MAGIC))
    rest = e.arithmetic("fsub", x, e.arithmetic("fsub", shifted, e.constant(_MAGIC)))
    n = e.bits("sub", e.as_integers(shifted), e.as_integers(e.constant(_MAGIC)))
    return e.arithmetic("fmul", polynomial(e, rest, EXP2), power_of_two(e, n))


def _reciprocal(e: Emitter, x: Value) -> Value:
    if _has_scaling(e):
        lanes = e.lanes.type
        others = ((lanes, "zeroinitializer"), ("i16", -1))
        return _all_lanes(e, "rcp14.ps.512", (lanes, x), *others)
    return e.arithmetic("fdiv", e.constant(1.0), x)


def _exp(e: Emitter, x: Value) -> Value:
    return _exp2(e, e.arithmetic("fmul", x, e.constant(1 / math.log(2))))


def _sigmoid(e: Emitter, x: Value) -> Value:
    """`1 / (1 + exp(-x))`: an infinite exponential gives 0."""
    d = _exp2(e, e.arithmetic("fmul", x, e.constant(-1 / math.log(2))))
    return _reciprocal(e, e.arithmetic("fadd", d, e.constant(1.0)))


def _tanh(e: Emitter, x: Value) -> Value:
    """A ratio of polynomials, as exact near 0 as far from it."""
    x = at_least(e, at_most(e, x, TANH_RANGE), -TANH_RANGE)
    square = e.arithmetic("fmul", x, x)
    above, below = (polynomial(e, square, part) for part in TANH)
    return e.arithmetic("fmul", e.arithmetic("fmul", x, above), _reciprocal(e, below))


def _silu(e: Emitter, x: Value) -> Value:
    return e.arithmetic("fmul", x, _sigmoid(e, x))


FUNCTIONS: dict[str, Callable[..., Value]] = vector.FUNCTIONS | {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "exp": _exp,
    "silu": _silu,
}


def functions(tiling: Tiling) -> dict[str, Callable[..., Value]]:
    """The functions that go with the products of a tiling."""
    return FUNCTIONS if tiling.is_rounded else vector.FUNCTIONS
