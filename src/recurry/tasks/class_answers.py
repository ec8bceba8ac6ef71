"""One answer a record: what networks give as answers and scores, whatever they have read.

Comes in: a network's outputs and right labels. Goes out: answers, scores, a picture, notes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from recurry.data.batches import in_order
from recurry.data.examples import Examples
from recurry.data.labels import UNSEEN, Labels, listed
from recurry.data.records import Row
from recurry.tasks.calibration import tempered
from recurry.tasks.class_scores import (
    ClassScores,
    NumberScores,
    confusion,
    score_classes,
    score_numbers,
)
from recurry.tasks.confusion import confusion_svg
from recurry.tasks.model import Model
from recurry.tasks.record_task import READING_STEPS
from recurry.tasks.scoring import evaluating

PoolingName = Literal["last", "mean", "max", "concatenated", "attention"]
_DIGITS = 6  # of a probability; further ones depend on which texts were read side by side
_NAMES_SHOWN = 5


def collect_outputs(model: Model, data: Examples, run: Callable[[Examples], Tensor]) -> np.ndarray:
    """What a network gives for each record, in their order, in batches of about equal lengths.

    Args:
        model: Whose network it is; it is left as it was.
        data: The records.
        run: What the network gives for a batch.

    Shapes:
        returns: (N, K) log-probabilities up to a constant, or (N,) numbers, float64.
    """
    labels = model.knowledge.labels
    shape = (len(data),) if labels.kind == "number" else (len(data), len(labels))
    found = np.zeros(shape)
    with evaluating(model.network), torch.no_grad():
        for members in in_order(data.lengths, steps=READING_STEPS):
            found[members] = run(data.take(members)).double().cpu().numpy()
    return found


def temperature_of(model: Model) -> float:
    """What the validation part taught about the confidence of a model; 1 before it did."""
    return model.scores.get("validation_temperature", 1.0)


def score_outputs(
    labels: Labels, found: np.ndarray, truth: np.ndarray, *, temperature: float | None
) -> ClassScores | NumberScores:
    """How good outputs are.

    Args:
        labels: What the answers are.
        found: The outputs, one for each record.
        truth: Their labels as numbers.
        temperature: Of the probabilities; None fits one to these records.
    """
    if labels.kind == "number":
        return score_numbers(found, truth, spread=labels.spread)
    values = labels.values if labels.kind == "rating" else None
    return score_classes(found, found.argmax(1), truth, temperature=temperature, values=values)


def draw_outputs(labels: Labels, found: np.ndarray, truth: np.ndarray) -> Mapping[str, str]:
    """The confusion matrix by the name of its file; of numbers there is none."""
    if labels.kind == "number":
        return {}
    counts = confusion(found.argmax(1), truth, num_classes=len(labels))
    return {"confusion.svg": confusion_svg(counts, labels.names, title="Confusion matrix")}


def make_answers(model: Model, found: np.ndarray) -> list[dict[str, Any]]:
    """For each output the label with the probabilities of all, of ratings also their mean; or the
    number."""
    labels = model.knowledge.labels
    if labels.kind == "number":
        numbers = found * labels.spread + labels.centre
        return [{"value": _round(number)} for number in numbers.tolist()]
    shares = np.exp(tempered(found, temperature_of(model)))
    return [_answer(row, labels) for row in shares]


def check_labels(rows: Sequence[Row], labels: Labels, part: str) -> None:
    """Refuse rows none of which has a label that the training part knows: they measure nothing.

    Raises:
        DataError: These are such rows.
    """
    if rows:
        labels.check_known([row.label or "" for row in rows], where=rows[0].place, part=part)


def unseen_notes(rows: Sequence[Row], found: np.ndarray, labels: Labels, part: str) -> list[str]:
    """Classes that the training part lacks."""
    if labels.kind == "number" or not (found == UNSEEN).any():
        return []
    names = sorted(
        {rows[number].label or "" for number in np.flatnonzero(found == UNSEEN).tolist()}
    )
    count = int((found == UNSEEN).sum())
    shown = listed(names, _NAMES_SHOWN)
    return [
        f"{count:,} records of the {part} part have a class that the training part lacks, and "
        f"count as mistakes: {shown}"
    ]


def _answer(probabilities: np.ndarray, labels: Labels) -> dict[str, Any]:
    best = int(probabilities.argmax())
    answer: dict[str, Any] = {"label": labels.names[best]}
    if labels.kind == "rating":
        answer["value"] = _round(float(probabilities @ labels.values))
    pairs = zip(labels.names, probabilities.tolist(), strict=True)
    return answer | {"probabilities": {name: _round(share) for name, share in pairs}}


def _round(number: float) -> float:
    """The digits that do not depend on what was read side by side."""
    return round(number, _DIGITS)
