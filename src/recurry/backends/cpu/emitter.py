"""LLVM IR written as text: one object a function, with variables, loops and vectors.

Comes in: calls that say what to compute. Goes out: the text of a module. Loop counters and
accumulators are stack variables here; LLVM's first pass turns them into registers. Imports machine.
"""

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recurry.backends.cpu.machine import Machine

Value = str
"""The name of an SSA value, or a literal."""


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """A vector of floating-point numbers.

    Args:
        bits: Of one number, 32 or 64.
        count: Numbers in a register.
    """

    bits: int
    count: int

    @property
    def scalar(self) -> str:
        """The type of one number."""
        return "float" if self.bits == 32 else "double"

    @property
    def type(self) -> str:
        """The type of a register of numbers."""
        return f"<{self.count} x {self.scalar}>"

    @property
    def integers(self) -> str:
        """The type of a register of integers of the same size."""
        return f"<{self.count} x i{self.bits}>"

    @property
    def truths(self) -> str:
        """The type of a comparison."""
        return f"<{self.count} x i1>"

    @property
    def suffix(self) -> str:
        """The end of the name of an intrinsic function."""
        return f"v{self.count}f{self.bits}"

    @property
    def bytes(self) -> int:
        """Size of one number."""
        return self.bits // 8


class Module:
    """The functions and declarations of one module.

    Args:
        machine: The target.
        lanes: The vectors that its functions work on.
    """

    def __init__(self, machine: Machine, lanes: Lanes) -> None:
        self.machine, self.lanes = machine, lanes
        self._functions: list[str] = []
        self._declared: dict[str, str] = {}

    def declare(self, name: str, result: str, parameters: str) -> None:
        """Make an intrinsic function known."""
        self._declared[name] = f"declare {result} @{name}({parameters})"

    @contextmanager
    def function(
        self, name: str, parameters: str, *, is_exported: bool = False
    ) -> Iterator["Emitter"]:
        """Write a function that returns nothing."""
        emitter = Emitter(self)
        yield emitter
        linkage = "" if is_exported else "internal "
        head = f"define {linkage}void @{name}({parameters}) #0 {{"
        self._functions.append("\n".join([head, *emitter.lines(), "}"]))

    def __str__(self) -> str:
        bits = self.machine.vector_bytes * 8
        attributes = (
            f'attributes #0 = {{ nounwind noinline "prefer-vector-width"="{bits}" '
            f'"min-legal-vector-width"="{bits}" }}'
        )
        return "\n\n".join([*sorted(self._declared.values()), *self._functions, attributes, ""])


class Emitter:
    """The body of one function, written from top to bottom."""

    def __init__(self, module: Module) -> None:
        self.module, self.lanes = module, module.lanes
        self._variables: list[str] = []
        self._body: list[str] = []
        self._count = 0

    def lines(self) -> list[str]:
        """The whole body."""
        return ["entry:", *self._variables, *self._body, "  ret void"]

    def put(self, text: str) -> None:
        """An instruction without a result."""
        self._body.append(f"  {text}")

    def take(self, text: str) -> Value:
        """An instruction with a result."""
        name = self._name("v")
        self._body.append(f"  {name} = {text}")
        return name

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"%{stem}{self._count}"

    # Variables and flow.

    def variable(self, kind: str, value: Value | None = None, *, align: int = 8) -> Value:
        """A stack variable."""
        name = self._name("var")
        self._variables.append(f"  {name} = alloca {kind}, align {align}")
        if value is not None:
            self.put(f"store {kind} {value}, ptr {name}, align {align}")
        return name

    @contextmanager
    def loop(self, start: Value, stop: Value, step: Value | int = 1) -> Iterator[Value]:
        """Count from `start` while below `stop`."""
        counter = self.variable("i64", start)
        head, body, end = self._label("head"), self._label("body"), self._label("end")
        self.put(f"br label %{head}")
        self._body.append(f"{head}:")
        at = self.take(f"load i64, ptr {counter}, align 8")
        self.branch(self.compare("slt", at, stop), body, end)
        self._body.append(f"{body}:")
        yield at
        self.put(f"store i64 {self.add_int(at, step)}, ptr {counter}, align 8")
        self.put(f"br label %{head}")
        self._body.append(f"{end}:")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Run a part only if a condition holds."""
        inside, after = self._label("then"), self._label("after")
        self.branch(condition, inside, after)
        self._body.append(f"{inside}:")
        yield
        self.put(f"br label %{after}")
        self._body.append(f"{after}:")

    def switch(self, value: Value, cases: dict[int, str]) -> None:
        """Run the call that belongs to a value; no call for any other value."""
        after = self._label("after")
        labels = {number: self._label(f"case{number}_") for number in cases}
        targets = " ".join(f"i64 {number}, label %{label}" for number, label in labels.items())
        self.put(f"switch i64 {value}, label %{after} [ {targets} ]")
        for number, call in cases.items():
            self._body.append(f"{labels[number]}:")
            self.put(call)
            self.put(f"br label %{after}")
        self._body.append(f"{after}:")

    def branch(self, condition: Value, yes: str, no: str) -> None:
        """Go on at one of two labels."""
        self.put(f"br i1 {condition}, label %{yes}, label %{no}")

    def label(self, name: str) -> None:
        """A place to branch to."""
        self._body.append(f"{name}:")

    def _label(self, stem: str) -> str:
        return self._name(stem)[1:]

    new_label = _label

    # Integers and addresses.

    def add_int(self, a: Value | int, b: Value | int) -> Value:
        """`a + b`."""
        return self.take(f"add nsw i64 {a}, {b}")

    def subtract_int(self, a: Value | int, b: Value | int) -> Value:
        """`a - b`."""
        return self.take(f"sub nsw i64 {a}, {b}")

    def multiply_int(self, a: Value | int, b: Value | int) -> Value:
        """`a * b`."""
        return self.take(f"mul nsw i64 {a}, {b}")

    def divide_int(self, a: Value | int, b: Value | int) -> Value:
        """`a / b`, rounded down, of numbers that are not negative."""
        return self.take(f"udiv i64 {a}, {b}")

    def compare(self, relation: str, a: Value, b: Value | int) -> Value:
        """A signed comparison."""
        return self.take(f"icmp {relation} i64 {a}, {b}")

    def truth(self, condition: Value) -> Value:
        """1 where a condition holds, else 0."""
        return self.take(f"zext i1 {condition} to i64")

    def smaller_int(self, a: Value, b: Value | int) -> Value:
        """The smaller of two integers."""
        return self.take(f"select i1 {self.compare('slt', a, b)}, i64 {a}, i64 {b}")

    def move(self, pointer: Value, numbers: Value | int, kind: str | None = None) -> Value:
        """A pointer that many numbers further on; of another kind than those of the lanes, if so
        said."""
        return self.take(f"getelementptr {kind or self.lanes.scalar}, ptr {pointer}, i64 {numbers}")

    def field(self, table: Value, index: Value | int, kind: str = "i64") -> Value:
        """Entry `index` of a table of 64-bit values."""
        place = self.take(f"getelementptr i64, ptr {table}, i64 {index}")
        return self.take(f"load {kind}, ptr {place}, align 8")

    def fetch(self, pointer: Value) -> None:
        """Have a line in the first cache soon."""
        self.module.declare("llvm.prefetch.p0", "void", "ptr, i32, i32, i32")
        self.put(f"call void @llvm.prefetch.p0(ptr {pointer}, i32 0, i32 3, i32 1)")

    # Vectors.

    def load(self, pointer: Value) -> Value:
        """The vector at a pointer, aligned as its numbers are."""
        return self.take(f"load {self.lanes.type}, ptr {pointer}, align {self.lanes.bytes}")

    def store(self, value: Value, pointer: Value) -> None:
        """Write a vector."""
        self.put(f"store {self.lanes.type} {value}, ptr {pointer}, align {self.lanes.bytes}")

    def spread(self, pointer: Value) -> Value:
        """A vector of one number from memory."""
        lanes = self.lanes
        number = self.take(f"load {lanes.scalar}, ptr {pointer}, align {lanes.bytes}")
        one = self.take(f"insertelement {lanes.type} poison, {lanes.scalar} {number}, i64 0")
        return self.take(
            f"shufflevector {lanes.type} {one}, {lanes.type} poison, <{lanes.count} x i32> "
            "zeroinitializer"
        )

    def constant(self, value: float) -> Value:
        """A vector of one number from the text."""
        return f"splat ({self.lanes.scalar} {_literal(value, self.lanes.bits)})"

    def integer(self, value: int) -> Value:
        """A vector of one integer from the text."""
        return f"splat (i{self.lanes.bits} {value})"

    def arithmetic(self, operation: str, a: Value, b: Value) -> Value:
        """`fadd`, `fsub`, `fmul` or `fdiv`."""
        return self.take(f"{operation} {self.lanes.type} {a}, {b}")

    def call(self, intrinsic: str, *arguments: Value) -> Value:
        """An intrinsic function from vectors to a vector."""
        name, kind = f"llvm.{intrinsic}.{self.lanes.suffix}", self.lanes.type
        self.module.declare(name, kind, ", ".join([kind] * len(arguments)))
        given = ", ".join(f"{kind} {argument}" for argument in arguments)
        return self.take(f"call {kind} @{name}({given})")

    def over_lanes(self, operation: str, value: Value) -> Value:
        """One number of all lanes: their sum (`fadd`), in any order, or the largest (`fmax`)."""
        lanes = self.lanes
        name, kinds = f"llvm.vector.reduce.{operation}.{lanes.suffix}", [lanes.type]
        given = [f"{lanes.type} {value}"]
        if operation == "fadd":  # a sum begins with a number
            kinds, given = [lanes.scalar, *kinds], [f"{lanes.scalar} -0.0", *given]
        self.module.declare(name, lanes.scalar, ", ".join(kinds))
        return self.take(f"call reassoc {lanes.scalar} @{name}({', '.join(given)})")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """`a * b + c`, in one rounding where the processor can."""
        return self.call("fmuladd", a, b, c)

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        """Lane by lane one of two vectors."""
        kind = self.lanes.type
        return self.take(f"select {self.lanes.truths} {condition}, {kind} {yes}, {kind} {no}")

    def compare_lanes(self, relation: str, a: Value, b: Value) -> Value:
        """A comparison lane by lane; `o..` is false and `u..` is true where a NaN takes part."""
        return self.take(f"fcmp {relation} {self.lanes.type} {a}, {b}")

    def as_integers(self, value: Value) -> Value:
        """The bits of a vector."""
        return self.take(f"bitcast {self.lanes.type} {value} to {self.lanes.integers}")

    def as_numbers(self, value: Value) -> Value:
        """A vector with these bits."""
        return self.take(f"bitcast {self.lanes.integers} {value} to {self.lanes.type}")

    def bits(self, operation: str, a: Value, b: Value) -> Value:
        """`add`, `sub`, `and`, `or`, `xor`, `shl`, `lshr` or `ashr` of vectors of integers."""
        return self.take(f"{operation} {self.lanes.integers} {a}, {b}")


def _literal(value: float, bits: int) -> str:
    """A number as LLVM writes it: the bits of the nearest double, after rounding to the type."""
    if bits == 32 and math.isfinite(value):
        try:
            value = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            value = math.copysign(math.inf, value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
