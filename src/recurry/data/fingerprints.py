"""Which texts a model has learnt from, known without keeping the texts.

Comes in: texts. Goes out: a sum of four bytes for each, by which a text is recognised.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recurry.data.vocabulary import damaged

MOST_TEXTS = 1_000_000  # more would make model files large
_KIND = np.dtype("<u4")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fingerprints:
    """Sums of texts. One text in 4 billion is taken for a certain other one.

    Attributes:
        sums: In rising order, each once.
    """

    sums: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The sums of some texts, at most of the first million."""
        found: set[int] = set()
        for text in texts:
            if len(found) == MOST_TEXTS:
                break
            found.add(_sum(text))
        return cls(sums=np.array(sorted(found), dtype=_KIND))

    def __len__(self) -> int:
        return len(self.sums)

    def __contains__(self, text: str) -> bool:
        place = int(np.searchsorted(self.sums, wanted := _sum(text)))
        return place < len(self.sums) and int(self.sums[place]) == wanted

    def to_dict(self) -> str:
        """A value that JSON can hold."""
        return base64.b64encode(self.sums.tobytes()).decode("ascii")

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: It is no list of sums in rising order.
        """
        try:
            raw = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise damaged("its sums of texts are not in base 64") from error
        if len(raw) % _KIND.itemsize or len(raw) > MOST_TEXTS * _KIND.itemsize:
            raise damaged("its sums of texts are cut off, or too many")
        sums = np.frombuffer(raw, dtype=_KIND)
        if (np.diff(sums.astype(np.int64)) <= 0).any():
            raise damaged("its sums of texts are in disorder")
        return cls(sums=sums)


def _sum(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KIND.itemsize)
    return int.from_bytes(digest.digest(), "little")
