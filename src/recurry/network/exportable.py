"""Modules with recurrent layers in a form that `torch.export` can save and load.

Comes in: a module. Goes out: one that computes the same, with parameters under names that an
exported program can hold. Imports torch only.
"""

from functools import partial, wraps
from typing import Any

import torch
from torch import Tensor, nn


def exportable(module: nn.Module) -> nn.Module:
    """The same module, to be handed to `torch.export.export`.

    An exported program is rebuilt from plain modules, each of which has a method `forward`; it
    loses parameters whose names have a part `forward`, as those of a recurrent layer do. Here dots
    are replaced: `layers.0.forward.U_f` becomes `layers__0__forward__U_f`. Parameters are shared
    with the module, not copied.

    Example:
        program = torch.export.export(exportable(layer), (x,))
    """
    return _Flat(module)


class _Flat(nn.Module):
    """Calls a module with parameters and buffers that are its own."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._inside = (module,)  # a tuple, so that torch does not see its parameters twice
        self._names: dict[str, str] = {}
        for name, parameter in module.named_parameters():
            self.register_parameter(self._flat(name), parameter)
        kept = module.state_dict(keep_vars=True)
        for name, buffer in module.named_buffers():
            self.register_buffer(self._flat(name), buffer, persistent=name in kept)
        self.train(module.training)
        # Arguments keep their names, by which torch.export is told which sizes may vary.
        self.forward = wraps(module.forward)(partial(self._call))

    def _flat(self, name: str) -> str:
        """A name without dots that no other one has."""
        flat = name.replace(".", "__")
        while flat in self._names.values() or hasattr(self, flat):
            flat += "_"
        self._names[name] = flat
        return flat

    def _call(self, *given: Any, **named: Any) -> Any:
        """What the module inside gives."""
        values: dict[str, Tensor] = {
            name: getattr(self, flat) for name, flat in self._names.items()
        }
        return torch.func.functional_call(self._inside[0], values, given, named)
