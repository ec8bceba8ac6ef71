"""How good answers are: accuracy, F1, calibration; for ratings and numbers the distance too.

Comes in: what a network gave, and right answers. Goes out: records of numbers.
"""

from dataclasses import dataclass

import numpy as np

from recurry.data.labels import UNSEEN
from recurry.tasks.calibration import calibration_error, fit_temperature, tempered


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """How well records are told apart.

    Attributes:
        loss_nats: Nats a record, at the temperature; records of unseen classes do not count.
        accuracy: Share of right answers; a record of an unseen class is a mistake.
        macro_f1: Mean F1 of the classes that occur or are answered.
        calibration_error: Expected calibration error of the probabilities.
        temperature: What log-probabilities were divided by.
        num_unseen: Records whose class the training part lacks.
        num_records: All records.
    """

    loss_nats: float
    accuracy: float
    macro_f1: float
    calibration_error: float
    temperature: float
    num_unseen: int
    num_records: int

    @property
    def headline(self) -> str:
        """The accuracy."""
        return f"accuracy {100 * self.accuracy:.2f} %"


@dataclass(frozen=True, kw_only=True)
class RatingScores(ClassScores):
    """The same for classes with a distance.

    Attributes:
        mean_absolute_error: Mean distance between answer and truth, in steps of the ratings.
    """

    mean_absolute_error: float


@dataclass(frozen=True, kw_only=True)
class NumberScores:
    """How well numbers are told.

    Attributes:
        loss_nats: Half the mean squared error of standardised numbers: nats up to a constant.
        mean_absolute_error: In the unit of the numbers.
        root_mean_square_error: In the unit of the numbers.
        correlation: Pearson's, 0 where it is not defined.
        num_records: All records.
    """

    loss_nats: float
    mean_absolute_error: float
    root_mean_square_error: float
    correlation: float
    num_records: int

    @property
    def headline(self) -> str:
        """The mean absolute error."""
        return f"mean absolute error {self.mean_absolute_error:.4g}"


def score_classes(
    logs: np.ndarray,
    answers: np.ndarray,
    classes: np.ndarray,
    *,
    temperature: float | None,
    values: np.ndarray | None = None,
) -> ClassScores:
    """The scores of answers.

    Args:
        logs: Log-probabilities before the temperature, up to a constant in each row.
        answers: What was answered.
        classes: The right answers, -1 for a class that the training part lacks.
        temperature: Of the model; None fits one to these records.
        values: Of ratings, what each is as a number.

    Shapes:
        logs: (N, K).
    """
    is_seen = classes != UNSEEN
    if temperature is None:
        temperature = fit_temperature(logs[is_seen], classes[is_seen])
    cooled = tempered(logs, temperature)
    right = cooled[is_seen, classes[is_seen]]
    found = {
        "loss_nats": abs(float(right.mean())) if len(right) else 0.0,
        "accuracy": float((answers == classes).mean()) if len(classes) else 0.0,
        "macro_f1": macro_f1(answers, classes, num_classes=logs.shape[1]),
        "calibration_error": calibration_error(np.exp(cooled), classes),
        "temperature": temperature,
        "num_unseen": int((~is_seen).sum()),
        "num_records": len(classes),
    }
    if values is None:
        return ClassScores(**found)
    distance = np.abs(values[answers[is_seen]] - values[classes[is_seen]])
    return RatingScores(**found, mean_absolute_error=float(distance.mean()) if len(right) else 0.0)


def score_numbers(answers: np.ndarray, truth: np.ndarray, *, spread: float) -> NumberScores:
    """The scores of numbers.

    Args:
        answers: Standardised answers.
        truth: Standardised truth.
        spread: What one of them is in the unit of the numbers.
    """
    errors = answers.astype(np.float64) - truth
    varies = len(truth) > 1 and answers.std() > 0 and truth.std() > 0
    return NumberScores(
        loss_nats=float((errors**2).mean() / 2),
        mean_absolute_error=float(np.abs(errors).mean() * spread),
        root_mean_square_error=float(np.sqrt((errors**2).mean()) * spread),
        correlation=float(np.corrcoef(answers, truth)[0, 1]) if varies else 0.0,
        num_records=len(truth),
    )


def macro_f1(answers: np.ndarray, classes: np.ndarray, *, num_classes: int) -> float:
    """The mean of F1 over the classes that occur or are answered."""
    found = []
    for number in range(num_classes):
        both = int(((answers == number) & (classes == number)).sum())
        either = int((answers == number).sum() + (classes == number).sum())
        if either:
            found.append(2 * both / either)
    return float(np.mean(found)) if found else 0.0


def confusion(answers: np.ndarray, classes: np.ndarray, *, num_classes: int) -> np.ndarray:
    """How often each class was answered for each; records of unseen classes are left out.

    Shapes:
        returns: (K, K), a row for each true class.
    """
    is_seen = classes != UNSEEN
    pairs = classes[is_seen] * num_classes + answers[is_seen]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
