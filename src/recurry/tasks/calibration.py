"""Whether probabilities mean what they say, and the one number that makes them do so.

Comes in: log-probabilities and right answers. Goes out: a temperature, an error.
"""

import numpy as np

_NUM_BINS = 15
# Of few records that are all answered right, the best temperature would be 0.
_LOWEST, _HIGHEST = 0.5, 20.0
_NUM_CUTS = 60


def tempered(logs: np.ndarray, temperature: float) -> np.ndarray:
    """Log-probabilities divided by a temperature, and normalised again.

    Shapes:
        logs: (N, K), up to a constant in each row.
        returns: (N, K).
    """
    scaled = logs / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(1, keepdims=True))


def fit_temperature(logs: np.ndarray, classes: np.ndarray) -> float:
    """The temperature from 0.5 to 20 at which the right answers are most probable; 1 for none.

    Args:
        logs: Log-probabilities, up to a constant in each row.
        classes: The right answers.

    Source: Guo, Pleiss, Sun and Weinberger 2017, section 4.2; golden-section search on its
        logarithm, as the loss has one minimum.
    """
    if not len(classes):
        return 1.0

    def loss(log_temperature: float) -> float:
        found = tempered(logs, float(np.exp(log_temperature)))
        return -float(found[np.arange(len(classes)), classes].mean())

    ratio = (5**0.5 - 1) / 2
    low, high = float(np.log(_LOWEST)), float(np.log(_HIGHEST))
    for _ in range(_NUM_CUTS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) <= loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def calibration_error(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """The expected calibration error: how far confidence and accuracy differ, in 15 equal bins.

    Shapes:
        probabilities: (N, K).
        classes: (N,).

    Source: Naeini, Cooper and Hauskrecht 2015, as in Guo et al. 2017.
    """
    if not len(classes):
        return 0.0
    confidence = probabilities.max(1)
    is_right = probabilities.argmax(1) == classes
    bins = np.minimum((confidence * _NUM_BINS).astype(int), _NUM_BINS - 1)
    gaps = [
        abs(float(confidence[bins == b].sum() - is_right[bins == b].sum()))
        for b in set(bins.tolist())
    ]
    return sum(gaps) / len(classes)
