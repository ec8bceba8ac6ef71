"""Text in, numbered symbols out.

Comes in: files, folders, standard input. Goes out: `prepare` gives `IdFile`s and a `Codec`.
May import: errors. Knows nothing of torch.
"""

from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.corpus import Corpus, novel_path, shakespeare_path
from recurry.data.ids import IdFile
from recurry.data.lanes import Lanes
from recurry.data.prepare import Prepared, load_prepared, prepare
from recurry.data.tables import bag_of_symbols, one_hot
from recurry.data.vocabulary import Vocabulary

__all__ = [
    "Codec",
    "Corpus",
    "DataConfig",
    "IdFile",
    "Lanes",
    "Prepared",
    "Vocabulary",
    "bag_of_symbols",
    "byte_codec",
    "load_prepared",
    "novel_path",
    "one_hot",
    "prepare",
    "shakespeare_path",
]
