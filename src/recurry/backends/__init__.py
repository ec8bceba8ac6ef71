"""Backends: they run a plan along time. The table of them is in `table`."""

from recurry.backends.cpu import CpuBackend
from recurry.backends.options import (
    MEMORIES,
    PRECISIONS,
    Backend,
    Job,
    Memory,
    Precision,
    Request,
    RunOptions,
    run_jobs,
)
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.table import BACKENDS, backend_names, check_backend, choose_backend
from recurry.backends.weights import StackCache

__all__ = [
    "BACKENDS",
    "MEMORIES",
    "PRECISIONS",
    "Backend",
    "CpuBackend",
    "Job",
    "Memory",
    "Precision",
    "Request",
    "RunOptions",
    "StackCache",
    "Symbols",
    "as_vectors",
    "backend_names",
    "check_backend",
    "choose_backend",
    "run_jobs",
]
