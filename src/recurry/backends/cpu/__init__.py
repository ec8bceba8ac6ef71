"""Any cell in machine code that is made on the spot: one step of the work a file.

`tasks` says what a kernel has to compute, `scheduler` lays it out in stages, `kernel` writes the
time loop with the help of `products`, `vector` and `pauses`, `jit` compiles and `disk` keeps it.
`rows`, `packing`, `frame`, `threads`, `passes` and `gradients` run it, `calls` and `cost` decide
how, and `backend` is what the rest of Recurry sees.
"""

from recurry.backends.cpu.backend import CpuBackend

__all__ = ["CpuBackend"]
