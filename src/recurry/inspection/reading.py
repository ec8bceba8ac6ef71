"""A corpus of any size as the symbols of a model that exists already.

Comes in: a codec and a corpus. Goes out: symbol ids on disk. Imports `data`.
"""

import os
from collections.abc import Iterator

import numpy as np

from recurry.data.codec import Codec
from recurry.data.corpus import Corpus
from recurry.data.ids import IdFile
from recurry.data.tokens import pieces


def encode_corpus(codec: Codec, corpus: Corpus, path: str | os.PathLike) -> IdFile:
    """Write the symbols of a corpus to a file, in constant memory.

    Args:
        codec: The codec of a model.
        corpus: Opened with `is_utf8` unless the model's symbols are bytes.
        path: Of the file to write.

    Raises:
        DataError: The corpus holds symbols that the model has never seen, or is not UTF-8.
    """
    return IdFile.write(path, _encode_each(codec, corpus), num_symbols=codec.num_symbols)


def is_text(codec: Codec) -> bool:
    """Whether a codec reads characters, so that a corpus must be valid UTF-8."""
    return codec.config.tokens != "bytes"


def _encode_each(codec: Codec, corpus: Corpus) -> Iterator[np.ndarray]:
    if not is_text(codec):
        yield from (np.frombuffer(chunk, dtype=np.uint8) for chunk in corpus.chunks())
    else:
        yield from (codec.encode(piece) for piece in pieces(corpus.texts()))
