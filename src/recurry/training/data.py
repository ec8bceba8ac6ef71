"""What a training learns from and chooses by.

Comes in: two parts of a data set. Goes out: one record.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Data to learn from, and to validate with; an empty validation is none.

    Attributes:
        train: Symbol numbers of a text, or records.
        validation: The same, or None.
    """

    train: Any
    validation: Any = None

    def __post_init__(self) -> None:
        if self.validation is not None and len(self.validation) == 0:
            object.__setattr__(self, "validation", None)
