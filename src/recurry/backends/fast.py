"""Which precision is fastest on this machine.

Comes in: the name of a backend. Goes out: a precision. Imports what the compiled backend knows of
the processor.
"""

from recurry.backends.options import Precision


def fast_precision(backend: str = "auto") -> Precision:
    """`bfloat16` where the compiled backend has an instruction for it, else `float32`."""
    if backend not in ("auto", "cpu"):
        return "float32"
    try:
        from recurry.backends.cpu.machine import host
    except ImportError:
        return "float32"
    return "bfloat16" if host().has_bfloat16 else "float32"
