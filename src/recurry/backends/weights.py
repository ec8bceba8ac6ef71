"""Matrices stacked for products that run as one, kept where no gradient can make them stale.

Comes in: parameters by name. Goes out: matrices on top of one another. Imports torch only.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import is_ as _is
from typing import Any

import torch
from torch import Tensor


def round_to_bfloat16(value: Tensor) -> Tensor:
    """The nearest bfloat16 values, held in float32: exact products, float32 sums."""
    return value.bfloat16().to(value.dtype)


def hidden_size(parameters: Mapping[Any, Tensor], state: Mapping[Any, Tensor], x: Tensor) -> Any:
    """H: rows of every parameter and columns of every state; I where there is neither.

    A whole number, or a symbol for one while a program is traced.
    """
    for value in state.values():
        return value.shape[1]
    return next((value.shape[0] for value in parameters.values()), x.shape[-1])


class StackCache:
    """Stacked copies of parameters that stay valid until a parameter changes.

    With `get`, a change is seen by the identity, the address or the version counter of a parameter.
    Edits through `parameter.data` in place move none of them, so `clear` is there for those. With
    `sealed`, whoever calls says what the numbers are.
    """

    def __init__(self) -> None:
        self._sealed: tuple[Hashable, dict[Hashable, Any]] = (None, {})
        # What a backend knows about calls with these parameters, whatever their numbers are.
        self.laid_out: dict[Hashable, Any] = {}
        self._kept: dict[object, tuple[list[Tensor], list[tuple[int, int]], list[Tensor]]] = {}

    def get(
        self, key: object, parts: Sequence[Tensor], make: Callable[[], list[Tensor]]
    ) -> list[Tensor]:
        """What `make` gave for this key and these very parts, now or before."""
        if any(part.is_inference() for part in parts):
            return make()
        stamps = [(part.data_ptr(), part._version) for part in parts]
        found = self._kept.get(key)
        if found is None or found[1] != stamps or not all(map(_is, found[0], parts)):
            with torch.inference_mode(False), torch.no_grad():  # a later call may need gradients
                found = self._kept[key] = (list(parts), stamps, make())
        return found[2]

    def sealed(self, seal: Hashable) -> dict[Hashable, Any]:
        """Where what is made of some numbers is kept; a fresh place for another seal."""
        found = self._sealed
        if found[0] != seal:
            found = self._sealed = (seal, {})
        return found[1]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._sealed = (None, {})
        self.laid_out.clear()

    def __deepcopy__(self, memo: dict) -> "StackCache":
        return StackCache()

    def __reduce__(self) -> tuple:
        return (StackCache, ())


class Weights:
    """The parameters of one call, stacked on demand and each stack made once.

    Args:
        parameters: Parameters by name.
        is_rounded: Whether matrices are rounded to bfloat16.
        cache: Where stacks outlive the call; none while gradients are asked for.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], *, is_rounded: bool, cache: StackCache | None
    ) -> None:
        self.parameters = parameters
        self.is_rounded = is_rounded
        self._cache = cache
        self._made: dict[tuple[str, ...], Tensor] = {}

    def stack(self, names: tuple[str, ...]) -> Tensor:
        """Matrices of equal width, the first on top."""
        if names not in self._made:
            parts = [self.parameters[name] for name in names]
            if self._cache is None:
                self._made[names] = self._join(parts)
            else:
                key = (names, self.is_rounded)
                self._made[names] = self._cache.get(key, parts, lambda: [self._join(parts)])[0]
        return self._made[names]

    def _join(self, parts: list[Tensor]) -> Tensor:
        together = parts[0].detach() if len(parts) == 1 else torch.cat([p.detach() for p in parts])
        return round_to_bfloat16(together) if self.is_rounded else together
