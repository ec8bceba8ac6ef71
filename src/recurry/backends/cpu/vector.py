"""The functions of the equation language on vectors, exact to 2.5 last places in float32.

Comes in: an emitter and the names of vectors. Goes out: the name of the result. NaN goes through
everything; infinities give what torch gives. Denormal numbers count as zero. Imports emitter and
coefficients.
"""

import math
from collections.abc import Callable

from recurry.backends.cpu.coefficients import ERFC, EXP_RANGE, EXPM1, LOG, LOG2
from recurry.backends.cpu.emitter import Emitter, Value

_MANTISSA = {32: 23, 64: 52}
_BIAS = {32: 127, 64: 1023}


def polynomial(e: Emitter, x: Value, coefficients: tuple[float, ...]) -> Value:
    """By Horner's rule, the constant term first in the list."""
    total = e.constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = e.fma(total, x, e.constant(coefficient))
    return total


def at_most(e: Emitter, x: Value, limit: float) -> Value:
    """The smaller of a vector and a number; NaN stays NaN."""
    return e.select(e.compare_lanes("ogt", x, e.constant(limit)), e.constant(limit), x)


def at_least(e: Emitter, x: Value, limit: float) -> Value:
    """The greater of a vector and a number; NaN stays NaN."""
    return e.select(e.compare_lanes("olt", x, e.constant(limit)), e.constant(limit), x)


def _split(e: Emitter, x: Value) -> tuple[Value, Value, Value]:
    """`x = n log(2) + r` with |r| <= log(2) / 2: n as a number, n as an integer, and r.

    Adding 1.5 * 2**mantissa rounds to an integer and leaves it in the low bits.
    """
    bits = e.lanes.bits
    magic = e.constant(1.5 * 2.0 ** _MANTISSA[bits])
    shifted = e.fma(x, e.constant(1 / math.log(2)), magic)
    n = e.arithmetic("fsub", shifted, magic)
    high, low = LOG2[bits]
    r = e.fma(n, e.constant(-low), e.fma(n, e.constant(-high), x))
    integer = e.bits("sub", e.as_integers(shifted), e.as_integers(magic))
    return n, integer, r


def power_of_two(e: Emitter, n: Value) -> Value:
    """`2**n` for an integer n; 0 at the lowest exponent."""
    biased = e.bits("add", n, e.integer(_BIAS[e.lanes.bits]))
    return e.as_numbers(e.bits("shl", biased, e.integer(_MANTISSA[e.lanes.bits])))


def _exp_parts(e: Emitter, x: Value) -> tuple[Value, Value]:
    """`2**n` and `expm1(r)`; x between the logarithms of the smallest and the greatest number."""
    _, n, r = _split(e, x)
    return power_of_two(e, n), e.arithmetic("fmul", r, polynomial(e, r, EXPM1[e.lanes.bits]))


def _exp(e: Emitter, x: Value) -> Value:
    """exp everywhere: the power of two in two factors, so that neither overflows."""
    low, high = EXP_RANGE[e.lanes.bits]
    _, n, r = _split(e, at_least(e, at_most(e, x, high), low))
    half = e.bits("ashr", n, e.integer(1))
    p = polynomial(e, r, EXPM1[e.lanes.bits])
    value = e.fma(r, p, e.constant(1.0))
    value = e.arithmetic("fmul", value, power_of_two(e, half))
    return e.arithmetic("fmul", value, power_of_two(e, e.bits("sub", n, half)))


def _lowest(e: Emitter) -> float:
    """Where `_exp_parts` gives exactly 0."""
    return -_BIAS[e.lanes.bits] * math.log(2)


def _decay(e: Emitter, x: Value) -> Value:
    """`exp(-|x|)`."""
    y = at_least(e, _negate(e, _abs(e, x)), _lowest(e))
    scale, rest = _exp_parts(e, y)
    return e.fma(scale, rest, scale)


def _sigmoid(e: Emitter, x: Value) -> Value:
    """`1 / (1 + d)` or `d / (1 + d)` with `d = exp(-|x|)`: no overflow on either side."""
    d = _decay(e, x)
    top = e.select(e.compare_lanes("olt", x, e.constant(0.0)), d, e.constant(1.0))
    return e.arithmetic("fdiv", top, e.arithmetic("fadd", e.constant(1.0), d))


def _tanh(e: Emitter, x: Value) -> Value:
    """`-m / (2 + m)` with `m = expm1(-2 |x|)`, which loses nothing near 0; then the sign of x."""
    y = at_least(e, e.arithmetic("fmul", _abs(e, x), e.constant(-2.0)), _lowest(e))
    scale, rest = _exp_parts(e, y)
    m = e.fma(scale, rest, e.arithmetic("fsub", scale, e.constant(1.0)))
    value = e.arithmetic("fdiv", _negate(e, m), e.arithmetic("fadd", m, e.constant(2.0)))
    return e.call("copysign", value, x)


def _atanh_series(e: Emitter, s: Value) -> Value:
    """`log((1 + s) / (1 - s))` for small s."""
    square = e.arithmetic("fmul", s, s)
    rest = e.arithmetic("fmul", square, polynomial(e, square, LOG[e.lanes.bits]))
    return e.fma(s, rest, e.arithmetic("fadd", s, s))


def _log(e: Emitter, x: Value) -> Value:
    """`n log(2) + log(m)` with `x = m 2**n` and m between sqrt(1/2) and sqrt(2)."""
    kind, bits = e.lanes, e.lanes.bits
    root = e.as_integers(e.constant(math.sqrt(0.5)))
    above = e.bits("sub", e.as_integers(x), root)
    n = e.bits("ashr", above, e.integer(_MANTISSA[bits]))
    m = e.as_numbers(e.bits("sub", e.as_integers(x), e.bits("shl", n, e.integer(_MANTISSA[bits]))))
    exponent = e.take(f"sitofp {kind.integers} {n} to {kind.type}")
    one = e.constant(1.0)
    s = e.arithmetic("fdiv", e.arithmetic("fsub", m, one), e.arithmetic("fadd", m, one))
    high, low = (e.constant(part) for part in LOG2[bits])
    value = e.fma(exponent, high, e.fma(exponent, low, _atanh_series(e, s)))
    for relation, limit, result in (
        ("olt", e.constant(_smallest(bits)), e.constant(-math.inf)),
        ("olt", e.constant(0.0), e.constant(math.nan)),
        ("oeq", e.constant(math.inf), e.constant(math.inf)),
        ("uno", e.constant(0.0), x),
    ):
        value = e.select(e.compare_lanes(relation, x, limit), result, value)
    return value


def _smallest(bits: int) -> float:
    """The smallest number that is not denormal."""
    return 2.0 ** (1 - _BIAS[bits])


def _softplus(e: Emitter, x: Value) -> Value:
    """`max(x, 0) + log(1 + d)` with `d = exp(-|x|)`."""
    d = _decay(e, x)
    # log(1 + d) is the series at d / (2 + d), or log(2) and the series at (d - 1) / (d + 3).
    is_large = e.compare_lanes("ogt", d, e.constant(math.sqrt(2) - 1))
    minus_one = e.arithmetic("fsub", d, e.constant(1.0))
    top = e.select(is_large, minus_one, d)
    bottom = e.arithmetic("fadd", d, e.select(is_large, e.constant(3.0), e.constant(2.0)))
    series = _atanh_series(e, e.arithmetic("fdiv", top, bottom))
    log2 = e.select(is_large, e.constant(math.log(2)), e.constant(0.0))
    return e.arithmetic("fadd", _relu(e, x), e.arithmetic("fadd", series, log2))


def _normal_cdf(e: Emitter, x: Value) -> Value:
    """`erfc(z) / 2` on the left side with `z = |x| / sqrt(2)`, and 1 minus that on the right."""
    z = at_most(e, e.arithmetic("fmul", _abs(e, x), e.constant(math.sqrt(0.5))), 27.0)
    two = e.constant(2.0)
    t = e.arithmetic("fdiv", e.arithmetic("fsub", z, two), e.arithmetic("fadd", z, two))
    smooth = polynomial(e, t, ERFC[e.lanes.bits])
    # The rounding error of x * x / 2 would be the error of its exponential: take it along.
    half = e.arithmetic("fmul", at_most(e, _abs(e, x), 39.0), e.constant(0.5))
    twice = e.arithmetic("fadd", half, half)
    square = e.arithmetic("fmul", half, twice)
    rest = e.fma(half, twice, _negate(e, square))
    bell = _exp(e, _negate(e, square))
    bell = e.arithmetic("fsub", bell, e.arithmetic("fmul", bell, rest))
    tail = e.arithmetic("fdiv", smooth, e.fma(z, two, e.constant(1.0)))
    tail = e.arithmetic("fmul", e.arithmetic("fmul", tail, bell), e.constant(0.5))
    is_left = e.compare_lanes("olt", x, e.constant(0.0))
    return e.select(is_left, tail, e.arithmetic("fsub", e.constant(1.0), tail))


def _abs(e: Emitter, x: Value) -> Value:
    return e.call("fabs", x)


def _negate(e: Emitter, x: Value) -> Value:
    return e.take(f"fneg {e.lanes.type} {x}")


def _relu(e: Emitter, x: Value) -> Value:
    return at_least(e, x, 0.0)


def _silu(e: Emitter, x: Value) -> Value:
    return e.arithmetic("fmul", x, _sigmoid(e, x))


def _gelu(e: Emitter, x: Value) -> Value:
    return e.arithmetic("fmul", x, _normal_cdf(e, x))


def _hard_sigmoid(e: Emitter, x: Value) -> Value:
    inside = at_most(e, at_least(e, e.arithmetic("fadd", x, e.constant(3.0)), 0.0), 6.0)
    return e.arithmetic("fmul", inside, e.constant(1 / 6))


def _step(e: Emitter, x: Value) -> Value:
    is_positive = e.compare_lanes("ogt", x, e.constant(0.0))
    return e.select(is_positive, e.constant(1.0), e.constant(0.0))


def _sign(e: Emitter, x: Value) -> Value:
    is_negative = e.compare_lanes("olt", x, e.constant(0.0))
    return e.select(is_negative, e.constant(-1.0), _step(e, x))


def _operation(name: str) -> Callable[..., Value]:
    return lambda e, a, b: e.arithmetic(name, a, b)


def _intrinsic(name: str) -> Callable[..., Value]:
    return lambda e, *arguments: e.call(name, *arguments)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "negate": _negate,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "exp": _exp,
    "log": _log,
    "softplus": _softplus,
    "silu": _silu,
    "gelu": _gelu,
    "abs": _abs,
    "sqrt": _intrinsic("sqrt"),
    "hard_sigmoid": _hard_sigmoid,
    "step": _step,
    "sign": _sign,
    "normal_cdf": _normal_cdf,
    "add": _operation("fadd"),
    "subtract": _operation("fsub"),
    "multiply": _operation("fmul"),
    "divide": _operation("fdiv"),
    "minimum": _intrinsic("minimum"),
    "maximum": _intrinsic("maximum"),
}
