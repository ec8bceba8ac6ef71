"""The most probable label sequences of a network that was trained without alignment.

Comes in: log-probabilities of labels and of a blank at each step. Goes out: label sequences with
their log-probabilities. A sequence adds up what its paths have, so it can win where no single path
does. Imports NumPy only.
"""

from dataclasses import dataclass

import numpy as np

_NOTHING = -np.inf


@dataclass(frozen=True, kw_only=True)
class Transcription:
    """A label sequence.

    Args:
        labels: Without blanks.
        log_probability: Of all its paths that were kept, in nats.
    """

    labels: tuple[int, ...]
    log_probability: float


def prefix_beam(
    logs: np.ndarray, *, width: int = 10, num_labels: int | None = None
) -> list[Transcription]:
    """The best label sequences of a search that keeps `width` beginnings at each step.

    Args:
        logs: Log-probabilities at each step; label 0 is the blank.
        width: Number of beginnings that are kept.
        num_labels: How many labels are tried at a step, the most probable ones; None tries all.

    Returns:
        At most `width` sequences, best first.

    Shapes:
        logs (T, K).

    Source: Graves et al. (2006); the two sums of a beginning as in Hannun et al. (2014).
    """
    # For each beginning the logs of its paths that end with a blank, and of those that do not.
    beams = {(): (0.0, _NOTHING)}
    for row in np.asarray(logs, dtype=np.float64):
        tried = np.argsort(-row, kind="stable")[: len(row) if num_labels is None else num_labels]
        beams = _step(beams, row, [int(label) for label in tried if label])
        best = sorted(beams, key=lambda labels: (-np.logaddexp(*beams[labels]), labels))
        beams = {labels: beams[labels] for labels in best[:width]}
    return [
        Transcription(labels=labels, log_probability=float(np.logaddexp(*parts)))
        for labels, parts in beams.items()
    ]


def _step(
    beams: dict[tuple[int, ...], tuple[float, float]], row: np.ndarray, tried: list[int]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """The beginnings after one more step."""
    found: dict[tuple[int, ...], list[float]] = {}

    def add(labels: tuple[int, ...], which: int, value: float) -> None:
        parts = found.setdefault(labels, [_NOTHING, _NOTHING])
        parts[which] = float(np.logaddexp(parts[which], value))

    for labels, (blank, other) in beams.items():
        total = float(np.logaddexp(blank, other))
        add(labels, 0, total + row[0])
        if labels:
            add(labels, 1, other + row[labels[-1]])
        for label in tried:
            # The same label again begins anew only after a blank.
            reached = blank if labels and labels[-1] == label else total
            add((*labels, label), 1, reached + row[label])
    return {
        labels: (parts[0], parts[1]) for labels, parts in found.items() if max(parts) > _NOTHING
    }
