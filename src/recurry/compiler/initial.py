"""Initial values of parameters, said as data: a number, a word, or a distribution.

Comes in: a specification and a shape. Goes out: an array of float64. Imports errors and numpy.
"""

from __future__ import annotations

import math
import re
import sys

import numpy as np

from recurry.errors import UsageError, nearest

Specification = float | int | str

_WORDS = ("zeros", "ones", "identity", "orthogonal", "glorot_uniform")
_ONLY_MATRICES = ("identity", "orthogonal", "glorot_uniform")
_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_UNIFORM = re.compile(rf"uniform\({_NUMBER},{_NUMBER}\)", re.ASCII)
_NORMAL = re.compile(rf"normal\({_NUMBER}\)", re.ASCII)
_ACCEPTED = f"a number, {', '.join(_WORDS)}, uniform(a, b) with a <= b, normal(s) with s >= 0"


def draw_initial(
    specification: Specification, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray:
    """Initial values of one parameter.

    Args:
        specification: A number (every value is that), `zeros`, `ones`, `identity` (ones on the
            diagonal), `orthogonal` (orthonormal rows or columns, whichever are fewer),
            `glorot_uniform` (uniform up to sqrt(6 / (rows + columns))), `uniform(a, b)`, or
            `normal(s)` with standard deviation s.
        shape: (rows, columns) or (size,).
        generator: Where random values come from.

    Raises:
        UsageError: The specification is unknown or does not fit the shape.

    Source: orthogonal, Saxe et al. 2014 (arXiv 1312.6120); glorot_uniform, Glorot and Bengio 2010.
    """
    check_initial(specification, is_matrix=len(shape) == 2)
    if isinstance(specification, int | float):
        return np.full(shape, float(specification))
    if limits := _UNIFORM.fullmatch(specification):
        return generator.uniform(float(limits[1]), float(limits[2]), shape)
    if deviation := _NORMAL.fullmatch(specification):
        return generator.normal(0.0, float(deviation[1]), shape)
    return _draw_word(specification, shape, generator)


def check_initial(specification: Specification, *, is_matrix: bool) -> None:
    """Raise a UsageError unless a specification is known and fits."""
    if isinstance(specification, int | float) and not isinstance(specification, bool):
        if abs(specification) <= sys.float_info.max:  # false for nan and for giant integers, too
            return
        raise UsageError("An initial value is not finite, or too large.")
    if not isinstance(specification, str) or not _is_known(specification):
        raise UsageError(
            f"There is no initial value {str(specification)[:60]!r}.",
            accepted=_ACCEPTED,
            hint=" or ".join(nearest(str(specification)[:60], _WORDS)) or None,
        )
    if specification in _ONLY_MATRICES and not is_matrix:
        raise UsageError(
            f"The initial value {specification!r} is for matrices, and this is a vector.",
            accepted="a number, zeros, ones, uniform(a, b), normal(s)",
        )


def _is_known(text: str) -> bool:
    if limits := _UNIFORM.fullmatch(text):
        low, high = float(limits[1]), float(limits[2])
        return low <= high and math.isfinite(high - low)
    if deviation := _NORMAL.fullmatch(text):
        return 0 <= float(deviation[1]) < math.inf
    return text in _WORDS


def _draw_word(word: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if word == "orthogonal":
        return _draw_orthogonal(shape[0], shape[1], generator=generator)
    if word == "glorot_uniform":
        limit = math.sqrt(6 / max(1, sum(shape)))
        return generator.uniform(-limit, limit, shape)
    if word == "identity":
        return np.eye(shape[0], shape[1])
    return np.ones(shape) if word == "ones" else np.zeros(shape)


def _draw_orthogonal(rows: int, columns: int, *, generator: np.random.Generator) -> np.ndarray:
    """Uniform over the orthogonal matrices: QR of a normal matrix, signs made unique."""
    normal = generator.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return q if rows >= columns else q.T
