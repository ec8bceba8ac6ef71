"""Time loops keep their precision inside `torch.autocast`.

Comes in: a function that computes. Goes out: the same, untouched by autocast. Imports symbols.

Sums and states of a recurrent layer stay in its own type, because errors of rounding add up over
time; a layer that shall multiply in bfloat16 says so by its precision.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from recurry.backends.symbols import Symbols

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Input = TypeVar("Input", Tensor, Tensor | Symbols)


def without_autocast(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, with autocast switched off while it runs."""

    @wraps(function)
    def _run(*given: Arguments.args, **named: Arguments.kwargs) -> Result:
        kind = next((k for k in ("cpu", "cuda") if torch.is_autocast_enabled(k)), None)
        if kind is None:
            return function(*given, **named)
        with torch.autocast(kind, enabled=False):
            return function(*given, **named)

    return _run


def widen(x: Input, dtype: torch.dtype) -> Input:
    """What autocast has made narrower, in a layer's own type again; anything else as it is."""
    if x.dtype == dtype or not isinstance(x, Tensor):
        return x
    is_narrow = x.dtype in (torch.bfloat16, torch.float16)
    return x.to(dtype) if is_narrow and torch.is_autocast_enabled(x.device.type) else x
