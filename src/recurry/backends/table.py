"""The table of backends, and who runs a request.

Comes in: a name and the facts of a request. Goes out: a backend. Imports the backends.
"""

from recurry.backends.cpu import CpuBackend
from recurry.backends.eager import EagerBackend
from recurry.backends.fused import FusedBackend
from recurry.backends.options import Backend, Request
from recurry.errors import UsageError, unknown_name

# Faster ones first: `auto` takes the first that can and expects to be fast. The last takes all.
BACKENDS: tuple[Backend, ...] = (CpuBackend(), FusedBackend(), EagerBackend())


def backend_names() -> tuple[str, ...]:
    """What `backend` may be."""
    return ("auto", *(backend.name for backend in BACKENDS))


def check_backend(name: str) -> None:
    """Raise an error unless there is a backend of this name."""
    if name not in backend_names():
        raise unknown_name("backend", name, known=backend_names())


def choose_backend(name: str, request: Request) -> Backend:
    """The backend that runs a request.

    Args:
        name: Name of a backend, or `auto` for the one expected to be fastest.
        request: What is to be run.

    Raises:
        UsageError: There is no such backend, or it cannot run this.
    """
    check_backend(name)
    for backend in BACKENDS:
        refusal = backend.refusal(request)
        if backend.name == name and refusal is not None:
            raise UsageError(
                f"The backend {name!r} cannot run this layer: {refusal}.",
                accepted=", ".join(backend_names()),
                hint="backend='auto' takes the fastest that can",
            )
        if backend.name == name:
            return backend
        if name == "auto" and refusal is None and backend.is_fast(request):
            return backend
    raise AssertionError("the last backend takes every request")
