"""What the generated code may assume of a processor: vector registers and instructions, by feature.

Comes in: what LLVM reports of the host, or feature names. Goes out: a record that every emitter
reads; nothing else in the backend asks what machine it is on. Imports llvmlite only.
"""

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache

import llvmlite.binding as llvm

# Widest unit first: (feature that grants it, bytes of a register, registers).
_UNITS = (
    ("avx512f", 64, 32),
    ("avx2", 32, 16),
    ("neon", 16, 32),
    ("sse2", 16, 16),
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A target of the code generator.

    Args:
        triple: LLVM's name of the platform.
        features: Names of instruction sets that are present.
    """

    triple: str
    features: frozenset[str]

    @cached_property
    def _unit(self) -> tuple[str, int, int]:
        found = (unit for unit in _UNITS if unit[0] in self.features)
        return next(found, ("none", 16, 16))

    @property
    def vector_bytes(self) -> int:
        """Size of a vector register."""
        return self._unit[1]

    @property
    def num_registers(self) -> int:
        """Number of vector registers."""
        return self._unit[2]

    @property
    def is_x86(self) -> bool:
        """Whether denormals are switched by the MXCSR register and waiting is `pause`."""
        return self.triple.startswith(("x86_64", "i686", "i386"))

    @property
    def has_bfloat16(self) -> bool:
        """Whether one instruction multiplies and adds pairs of bfloat16 numbers."""
        return {"avx512f", "avx512bf16"} <= self.features

    @property
    def has_tiles(self) -> bool:
        """Whether there are tiles that multiply bfloat16 numbers."""
        return self.has_bfloat16 and {"amx-tile", "amx-bf16"} <= self.features

    @property
    def feature_string(self) -> str:
        """The features as LLVM's target machine reads them, in a fixed order."""
        return ",".join(f"+{name}" for name in sorted(self.features))


@lru_cache(maxsize=1)
def host() -> Machine:
    """The processor this process runs on.

    Features are asked for by name, never guessed from the name of a model: virtual machines report
    models that they are not. `RECURRY_CPU_FEATURES` (`avx2,fma`, say) keeps only the features that
    it lists, to see what the code for a smaller processor does.
    """
    reported = {name for name, present in llvm.get_host_cpu_features().items() if present}
    triple = llvm.get_process_triple()
    if triple.startswith(("aarch64", "arm64")):
        reported.add("neon")
    asked = os.environ.get("RECURRY_CPU_FEATURES")
    if asked is not None:
        reported &= {name.strip() for name in asked.split(",")} | {"sse2", "64bit", "cx8"}
    return Machine(triple=triple, features=frozenset(reported))
