"""Taking over from a model: vectors of symbols, layers, and from one of its own task the head.

Comes in: a model with fresh weights, and a trained one of any task. Goes out: the first with some
of its weights replaced, and which those are.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recurry.compiler.cell import Cell
from recurry.data.vectors import match_words
from recurry.data.vocabulary import Vocabulary
from recurry.errors import UsageError
from recurry.network.layer import DIRECTIONS
from recurry.tasks.anatomy import Anatomy, Stack, Table
from recurry.tasks.find import find_task
from recurry.tasks.task import AnyModel
from recurry.tasks.transfer import (
    Taken,
    check_size,
    coverage,
    fill,
    names_of,
    needs_vectors,
    network_settings,
)

Part = TypeVar("Part", Table, Stack)
TablePair = tuple[Table, Table]
StackPair = tuple[Stack, Stack]
_ANSWERS_SHOWN = 5


def take_model(model: AnyModel, source: AnyModel, *, name: str) -> Taken:
    """Begin a model with the parts of another one.

    Vectors are found symbol by symbol, and so are the matrices of layers that read one-hot vectors.
    Layers are taken from the lowest on, as many as both have. Where a layer reads more here than
    there (the other direction as well, or spelling), what it reads beyond that begins with zeros.
    The head is taken from a model of the same task that knows its answers.

    Args:
        model: Changed in place.
        source: Left as it is.
        name: What it is called in messages.

    Raises:
        UsageError: Cells or sizes differ, or there is nothing to be taken.
        DataError: Their symbols have nothing in common.
    """
    ours, theirs = (find_task(x.task).anatomy(x) for x in (model, source))
    tables, stacks = _pair(ours.tables, theirs.tables), _pair(ours.stacks, theirs.stacks)
    stacks = [(x, y) for x, y in stacks if x.directions.keys() & y.directions.keys()]
    if not _spelling_fits(tables, stacks):
        tables = [pair for pair in tables if pair[0].role != "spells"]
        stacks = [pair for pair in stacks if pair[0].role != "spells"]
    if not stacks:
        raise UsageError(
            "A model of this task cannot begin with another one.",
            where=name,
            got=f"a model of the task {source.task} for one of {model.task}",
            hint="tasks that name their layers in `anatomy`",
        )
    for mine, other in stacks:
        _check(model, mine, other, name=name)
    names = names_of(model.network)
    notes, taken_tables, layers = [], [], []
    for mine, other in tables:
        notes.append(_take_table(model, mine, other, name=name))
        taken_tables.append(names[id(mine.weight)])
    for mine, other in stacks:
        found, note = _take_layers(mine, other, name=name)
        layers.append([[names[id(weight)] for weight in weights] for weights in found])
        notes.append(note)
    if model.task == source.task:
        notes += _take_rest(model, source, ours, theirs)
    return Taken(
        tables=tuple(taken_tables), layers=_side_by_side(layers), notes=tuple(dict.fromkeys(notes))
    )


def _pair(ours: Sequence[Part], theirs: Sequence[Part]) -> list[tuple[Part, Part]]:
    """Parts that do the same; where none do, those that do what the first of each does."""
    found = [(one, other) for one in ours for other in theirs if one.role == other.role]
    if found or not ours or not theirs:
        return found
    mine, others = (
        [part for part in parts if part.role == parts[0].role] for parts in (ours, theirs)
    )
    return [(one, other) for one in mine for other in others]


def _spelling_fits(tables: Sequence[TablePair], stacks: Sequence[StackPair]) -> bool:
    """Whether the characters of words are read at the same sizes; else they are read anew."""
    sizes = [(x.weight.shape[1], y.weight.shape[1]) for x, y in tables if x.role == "spells"]
    layers = [(x.layers, y.layers) for x, y in stacks if x.role == "spells"]
    sizes += [(one.hidden_size, other.hidden_size) for one, other in layers]
    return all(one == other for one, other in sizes)


def _side_by_side(stacks: Sequence[Sequence[Sequence[str]]]) -> tuple[tuple[str, ...], ...]:
    """The names of each depth, of all stacks together."""
    deepest = max(map(len, stacks))
    return tuple(
        tuple(name for stack in stacks if depth < len(stack) for name in stack[depth])
        for depth in range(deepest)
    )


def _check(model: AnyModel, mine: Stack, other: Stack, *, name: str) -> None:
    """Complain if layers cannot be taken.

    Raises:
        UsageError: The cells, the number of units or the kind of input differ.
    """
    ours, theirs = mine.layers, other.layers
    if ours.cell.equations != theirs.cell.equations:
        raise UsageError(
            "The layers of the source have another cell.",
            where=name,
            got=f"the cell {theirs.cell.name} there, {ours.cell.name} here",
            hint=f"--cell {theirs.cell.name}, or leave it out",
        )
    if ours.hidden_size != theirs.hidden_size:
        # Of an encoder with a decoder, a direction has half of the setting.
        asked = network_settings(model).hidden_size
        wanted = asked * theirs.hidden_size // ours.hidden_size
        raise UsageError(
            "The layers of the source have another size.",
            where=name,
            got=f"{theirs.hidden_size} units there, {ours.hidden_size} here",
            hint=f"--hidden-size {wanted}",
        )
    if (mine.vocabulary is None) != (other.vocabulary is None):
        kinds = ("one-hot vectors", "vectors that were learnt")
        there, here = kinds if mine.vocabulary is None else kinds[::-1]
        size = 0 if mine.vocabulary is None else theirs.input_size
        raise UsageError(
            "The layers of the source read symbols in another way.",
            where=name,
            got=f"{there} there, {here} here",
            hint=f"a source that was trained with {kinds[1]}: network.embedding_size above 0"
            if not size and needs_vectors(type(network_settings(model)))
            else f"--set network.embedding_size={size}, or leave it out",
        )


def _take_table(model: AnyModel, mine: Table, other: Table, *, name: str) -> str:
    check_size(model, mine, other.weight.shape[1], name=name)
    rows, is_known = _rows(other.weight, other.symbols, mine.symbols, mine)
    return fill(mine, rows, is_known, name=name)


def _rows(
    weight: Tensor, theirs: Sequence[str], ours: Sequence[str], table: Table | None = None
) -> tuple[Tensor, np.ndarray]:
    """Rows for our symbols, zeros where there is none, and where there is one."""
    numbers: dict[str, int] = {}
    for number, symbol in enumerate(theirs):
        numbers.setdefault(symbol, number)
    found = match_words(ours, numbers, None if table is None else table.symbol_of)
    places = np.array([-1 if word is None else numbers[word] for word in found])
    is_known = places >= 0
    rows = weight.detach().cpu()[torch.from_numpy(np.where(is_known, places, 0))]
    return rows * torch.from_numpy(is_known).reshape(-1, *[1] * (rows.dim() - 1)), is_known


def _take_layers(mine: Stack, other: Stack, *, name: str) -> tuple[list[list[Tensor]], str]:
    """The weights of each layer that were replaced, and a sentence."""
    pairs = list(zip(mine.layers.layers, other.layers.layers, strict=False))
    found: list[list[Tensor]] = []
    inputs = _inputs(mine.layers.cell)
    ways = [way for way in DIRECTIONS if way in mine.directions and way in other.directions]
    for depth, (ours, theirs) in enumerate(pairs):
        symbols = (mine.vocabulary, other.vocabulary) if depth == 0 else (None, None)
        found.append([])
        for way in ways:
            weights = ours.get_submodule(mine.directions[way])._parameters
            values = theirs.get_submodule(other.directions[way])._parameters
            if way == DIRECTIONS[1] and depth and not other.layers.bidirectional:
                values = _moved(
                    values, inputs, by=mine.layers.output_size - other.layers.output_size
                )
            found[-1] += _take_cell(
                weights, values, symbols, inputs=inputs, name=name, is_lowest=depth == 0
            )
    have, there = len(mine.layers.layers), len(other.layers.layers)
    return found, (
        f"{len(pairs)} of the {there} layers of {name} are taken for the {have} that this model "
        f"{mine.role} with" + _said(ways)
    )


def _said(ways: Sequence[str]) -> str:
    """Which directions are taken, where that is not the forward one alone."""
    if len(ways) == len(DIRECTIONS):
        return ", both directions"
    return "" if ways[0] == DIRECTIONS[0] else f", the {ways[0]} direction"


def _moved(values: Mapping[str, Any], inputs: Collection[str], *, by: int) -> dict[str, Any]:
    """The weights of a layer that reads so many numbers more, which stand before its own."""
    return {
        key: functional.pad(value, (by, 0)) if key in inputs else value
        for key, value in values.items()
    }


@torch.no_grad()
def _take_cell(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    symbols: tuple[Vocabulary | None, Vocabulary | None],
    *,
    inputs: Collection[str],
    name: str,
    is_lowest: bool,
) -> list[Tensor]:
    """Replace the weights of one direction of a layer."""
    mine, other = symbols
    for key, weight in ours.items():
        value = theirs[key].detach().to(weight)
        if key in inputs and mine is not None and other is not None:
            rows, is_known = _rows(value.t(), other.symbols, mine.symbols)
            coverage(mine, is_known, name=name)
            rows[~is_known] = rows[is_known].mean(0)
            value = rows.t()
        if value.shape[-1] > weight.shape[-1]:
            raise UsageError(
                "A layer of the source reads more than its counterpart here.",
                where=name,
                got=f"{value.shape[-1]} numbers a step there, {weight.shape[-1]} here",
                hint="a source whose layers read the vectors of symbols alone, no class beside "
                "them (network.feed=first) and no spelling"
                if is_lowest
                else "fewer layers (--num-layers 1), or a network that reads in both directions",
            )
        weight.zero_()
        weight[..., : value.shape[-1]] = value
    return list(ours.values())


def _inputs(cell: Cell) -> set[str]:
    """The matrices that multiply the input."""
    return {key for key, node in cell.graph.parameters.items() if node.columns == "I"}


@torch.no_grad()
def _take_rest(model: AnyModel, source: AnyModel, ours: Anatomy, theirs: Anatomy) -> list[str]:
    """Take the head, and what belongs to no part, from a model of the same task.

    Rows of the head are found answer by answer. An answer that the source lacks is the mean of the
    others where answers are symbols; a lacking class leaves the head as it is.
    """
    names, there = names_of(model.network), dict(source.network.named_parameters())
    is_writing = any(stack.role == "writes" for stack in ours.stacks)
    reason = _why_new(ours, theirs, is_writing=is_writing)
    if reason and not is_writing:
        return [f"the head is new: {reason}"]
    if not reason:
        for weight, value in zip(ours.head, theirs.head, strict=True):
            rows, is_known = _rows(value, theirs.answers, ours.answers)
            rows[~is_known] = rows[is_known].mean(0)
            weight.copy_(rows)
    parts = [table.weight for table in ours.tables]
    parts += [w for stack in ours.stacks for w in stack.layers.parameters()]
    done = {names[id(weight)] for weight in (*parts, *ours.head)}
    is_same = ours.answers == theirs.answers
    for prefix, module in model.network.named_modules():
        own = dict(module.named_parameters(prefix, recurse=False))
        rest = {name: weight for name, weight in own.items() if name not in done}
        # What stands in one module belongs together: no bias comes without its matrix.
        if all(
            name in there
            and there[name].shape == weight.shape
            and (is_same or len(ours.answers) not in weight.shape)
            for name, weight in rest.items()
        ):
            for name, weight in rest.items():
                weight.copy_(there[name])
    return [f"the head is new: {reason}" if reason else "the head is taken as well"]


def _why_new(ours: Anatomy, theirs: Anatomy, *, is_writing: bool) -> str:
    """Why the head of the source is not for this model; empty where it is."""
    missing = [answer for answer in ours.answers if answer not in set(theirs.answers)]
    if missing and not is_writing:
        shown = ", ".join(map(repr, missing[:_ANSWERS_SHOWN]))
        shown += ", ..." if len(missing) > _ANSWERS_SHOWN else ""
        return f"the source has no answer {shown}"
    if len(ours.head) != len(theirs.head):
        where = "there" if len(ours.head) > len(theirs.head) else "here"
        return f"only {where} the vectors of symbols are their scores as well (network.is_tied)"
    for weight, value in zip(ours.head, theirs.head, strict=True):
        if weight.shape[1:] != value.shape[1:]:
            return f"it reads {value.shape[1]} numbers there, {weight.shape[1]} here"
    return ""
