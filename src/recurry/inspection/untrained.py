"""A model with the shape of another one and fresh weights, to see what training has changed.

Comes in: a subject. Goes out: another one. Imports network and tasks.
"""

from dataclasses import replace

import torch

from recurry.inspection.subject import Subject, subject_of
from recurry.network.symbols import SymbolNetwork
from recurry.tasks.language import LanguageModel


def untrained_copy(subject: Subject, *, seed: int = 0) -> Subject | None:
    """The same language model before training; None for a subject that is none.

    Args:
        subject: The model.
        seed: Governs the weights.
    """
    model = subject.model
    if not isinstance(model, LanguageModel):
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SymbolNetwork(
            model.cell,
            model.network_config,
            dropout=model.dropout,
            num_symbols=model.codec.num_symbols,
        )
    return subject_of(replace(model, network=network.eval(), scores={}, provenance={}))
