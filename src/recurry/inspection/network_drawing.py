"""A model as a drawing of its network: the head that it has, and the sizes of all its parts.

Comes in: a subject. Goes out: SVG text. Imports compiler and network.
"""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from recurry.compiler.draw_network import MOST_DRAWN, draw_network
from recurry.compiler.network_stack import Head, Lines, Notes
from recurry.inspection.amount import count, shorten_number
from recurry.inspection.language_subject import LanguageSubject
from recurry.inspection.subject import Subject
from recurry.network.classifier import Classifier
from recurry.network.recurrent import Recurrent
from recurry.network.tagger import Tagger
from recurry.network.translated import Translated

_POOLINGS = {
    "last": "the last state",
    "mean": "mean over all steps",
    "max": "maximum over all steps",
    "concatenated": "last, mean and maximum",
    "attention": "weighted mean over all steps",
}


def draw_subject(subject: Subject, *, steps: int | None = None) -> str:
    """A model as SVG; nothing where it has more layers than can be drawn.

    Args:
        subject: The model.
        steps: None for rolled up, else how many steps stand beside each other.
    """
    recurrent, (head, notes) = subject.recurrent, _describe(subject)
    if max(recurrent.num_layers, head.num_decoder_layers) > MOST_DRAWN:
        return ""
    return draw_network(
        cell_name=recurrent.cell.name,
        num_layers=recurrent.num_layers,
        is_bidirectional=recurrent.bidirectional,
        steps=steps,
        head=head,
        notes=notes,
    )


def _describe(subject: Subject) -> tuple[Head, Notes]:
    network = getattr(subject.model, "network", None)
    layers = _layers(subject.recurrent)
    if isinstance(network, Classifier):
        return _of_classifier(network, layers)
    if isinstance(network, Tagger):
        return _of_tagger(network, layers)
    if isinstance(network, Translated):
        return _of_translator(network, layers)
    if isinstance(subject, LanguageSubject):
        return Head(), _of_language(subject, layers)
    return Head(), Notes(layers=layers)


def _of_classifier(network: Classifier, layers: tuple[Lines, ...]) -> tuple[Head, Notes]:
    head = network.head
    pooling = head.pool.pooling
    answer = (
        "a number" if head.kind == "number" else count(head.num_outputs, "class", many="classes")
    )
    table = None if network.front is None else network.front.weight
    notes = Notes(
        read=_symbols(network.num_symbols, table),
        layers=layers,
        join=(pooling, f"{head.pool.output_size:,} numbers", *_weights([head.pool])),
        answer=(answer, *_weights([head.linear, head.thresholds])),
    )
    return Head(kind="pooled", join=_POOLINGS[pooling]), notes


def _of_tagger(network: Tagger, layers: tuple[Lines, ...]) -> tuple[Head, Notes]:
    words, front, head = network.front.words.weight, network.front, network.head
    read = (
        count(len(words), "word"),
        f"vectors of {words.shape[1]:,} + {front.spelling.output_size:,} (spelling)",
        *_weights([front]),
    )
    labels = count(head.num_labels, "label") + ", as a chain" * (head.chain is not None)
    return Head(), Notes(read=read, layers=layers, answer=(labels, *_weights([head])))


def _of_translator(network: Translated, layers: tuple[Lines, ...]) -> tuple[Head, Notes]:
    kind = network.attention.kind
    first, *more = _layers(network.decoder)
    started = tuple(f"and {words} to start" for words in _weights([network.encoder.bridge]))
    decoder = ((*first, *started), *more)
    others = [network.target, network.by_context, network.by_output, network.copying]
    notes = Notes(
        read=_symbols(len(network.source.weight), network.source.weight),
        layers=layers,
        join=(kind, *(_weights([network.attention]) or ("no weights",))),
        decoder=decoder,
        answer=(
            count(network.num_target, "symbol"),
            *_weights([*others, network.bias, network.weight]),
        ),
    )
    return Head(
        kind="translated", join="attention over all steps", num_decoder_layers=len(decoder)
    ), notes


def _of_language(subject: LanguageSubject, layers: tuple[Lines, ...]) -> Notes:
    weight, bias = subject.head
    num_symbols = len(weight)
    is_tied = subject.table is not None and weight.data_ptr() == subject.table.data_ptr()
    own = _weights([bias] if is_tied else [weight, bias])
    answer = (count(num_symbols, "symbol"), *own, *(["and those of the input"] if is_tied else []))
    return Notes(read=_symbols(num_symbols, subject.table), layers=layers, answer=answer)


def _symbols(number: int, table: Tensor | None) -> Lines:
    """What is known of the symbols that are read."""
    symbols = count(number, "symbol")
    if table is None:
        return symbols, "one-hot"
    return symbols, f"vectors of {table.shape[1]:,}", *_weights([table])


def _layers(recurrent: Recurrent) -> tuple[Lines, ...]:
    """Units and weights of each layer."""
    units = f"{recurrent.hidden_size:,} units"
    units = f"2 × {units}" if recurrent.bidirectional else units
    return tuple((units, *_weights([layer])) for layer in recurrent.layers)


def _weights(parts: Iterable[Any]) -> Lines:
    """How many weights some modules or tensors have together; nothing where there are none."""
    found: dict[int, int] = {}
    for part in parts:
        tensors = part.parameters() if isinstance(part, nn.Module) else [part]
        found |= {id(tensor): tensor.numel() for tensor in tensors if tensor is not None}
    total = sum(found.values())
    return (f"{shorten_number(total)} weights",) if total else ()
