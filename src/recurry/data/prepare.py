"""From a configuration to symbol numbers on disk, once for each text and configuration.

Comes in: a `DataConfig` and a folder. Goes out: the parts of the text as `IdFile`s, and the
codec. A manifest with SHA-256 sums is written last; without a whole one nothing is trusted.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.corpus import Corpus, check_standard_input
from recurry.data.ids import IdFile, IdWriter
from recurry.data.known import Known, extend_codec
from recurry.data.manifest import MANIFEST, break_seal, seal, unseal
from recurry.data.readers import Reader, cut, make_reader
from recurry.errors import DataError

_FORMAT = 1
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A text ready for training.

    Attributes:
        train: Symbol numbers of the training part.
        validation: Those of the validation part; empty if its fraction is 0.
        test: Those of the test part, or None, also if its fraction is 0.
        codec: Text <-> numbers.
        sha256: Hash of the text that the configuration's paths name.
        key: Hash of all texts, those of validation and test included, and of how they were cut.
        notes: What is worth knowing of the text.
    """

    train: IdFile
    validation: IdFile
    test: IdFile | None
    codec: Codec
    sha256: str
    key: str
    notes: tuple[str, ...] = ()


def prepare(config: DataConfig, folder: str | os.PathLike, known: Known | None = None) -> Prepared:
    """Read a text, make its vocabulary and write its symbol numbers into a folder.

    If the folder already holds the same text prepared in the same way, that is used. The
    parts are cut by symbols (BPE: by characters): training first, then validation, then test.

    The vocabulary of characters is taken from all parts, unless rare ones are to be replaced
    by the unknown symbol; that of words and BPE from the training part alone.

    Args:
        config: Which text, which symbols, which parts.
        folder: Where the numbers go; made if it is not there.
        known: Symbols that join the vocabulary.

    Raises:
        DataError: The text is missing, empty, not UTF-8, too short, or the disk is full.
        UsageError: Standard input is named twice.
        MissingExtra: BPE is asked for without its package.
    """
    reader = make_reader(config)
    corpora = _open_corpora(config)
    key = _key(config, corpora, known)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = _reuse(folder, key)
        if found is not None:
            return found
        break_seal(folder)
        sources = _Sources(reader=reader, corpora=corpora, known=known)
        return _write(config, folder, sources, key=key)
    except OSError as error:
        raise DataError(
            "The prepared text cannot be written.",
            where=os.fspath(folder),
            got=error.strerror or str(error),
            hint="free some space, or name another folder",
        ) from error


def load_prepared(folder: str | os.PathLike) -> Prepared:
    """What `prepare` wrote, without looking at the text again (which may be gone).

    Raises:
        DataError: The folder holds no whole prepared text.
    """
    found = _reuse(Path(folder), key=None)
    if found is None:
        raise DataError(
            "The folder holds no whole prepared text.",
            where=os.fspath(folder),
            accepted=f"a folder with an undamaged {MANIFEST} and the files it names",
            hint="prepare the text again, or begin a new run",
        )
    return found


def _open_corpora(config: DataConfig) -> dict[str, Corpus]:
    named = {"train": config.paths}
    for part, value in (("validation", config.validation), ("test", config.test)):
        if isinstance(value, str):
            named[part] = (value,)
    check_standard_input([name for names in named.values() for name in names])
    is_utf8 = config.tokens != "bytes"
    return {part: Corpus.open(names, is_utf8=is_utf8) for part, names in named.items()}


def _key(config: DataConfig, corpora: Mapping[str, Corpus], known: Known | None) -> str:
    """One hash of everything that the result depends on; where the text lies is no part."""
    facts = {
        "format": _FORMAT,
        "config": config.model_dump(mode="json", exclude={"paths"}),
        "sha256": {part: corpus.sha256 for part, corpus in corpora.items()},
    } | ({} if known is None else {"known": known.key})
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Sources:
    """What numbers are made from."""

    reader: Reader
    corpora: Mapping[str, Corpus]
    known: Known | None


def _write(config: DataConfig, folder: Path, sources: _Sources, *, key: str) -> Prepared:
    reader, corpora = sources.reader, sources.corpora
    sizes = {part: reader.measure(corpus) for part, corpus in corpora.items()}
    spans = _spans(config, sizes)

    def units(part: str) -> Iterator[Any]:
        return cut(reader.units(corpora.get(part, corpora["train"])), *spans[part])

    codec = extend_codec(reader.make_codec(units("train")), sources.known)
    totals = np.zeros(codec.num_symbols, dtype=np.int64)
    records = {}
    for part in spans:
        with IdWriter(folder / f"{part}.npy", num_symbols=codec.num_symbols) as writer:
            for numbers in reader.numbers(units(part), codec):
                writer.append(numbers)
                if part == "train":
                    totals += np.bincount(numbers, minlength=len(totals))
        records[part] = {"num_symbols": writer.size, "sha256": writer.sha256()}
        if writer.size < 2 and getattr(config, part, None) != 0:
            raise _too_short(part, records)
    vocabulary = replace(codec.vocabulary, counts=tuple(totals.tolist()))
    codec = replace(codec, vocabulary=vocabulary)
    manifest = {
        "format": _FORMAT,
        "key": key,
        "sha256": corpora["train"].sha256,
        "parts": records,
        "codec": codec.to_dict(),
    }
    seal(folder, manifest)
    return _open_parts(folder, manifest, codec)


def _spans(config: DataConfig, sizes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Where each part begins and ends, in units of its own file or of the main text."""
    validation = config.validation if isinstance(config.validation, float) else 0.0
    test = config.test if isinstance(config.test, float) else 0.0
    size = sizes["train"]
    # As nanoGPT counts: the training part is the rounded-down share of all symbols.
    first, second = int(size * (1 - validation - test)), int(size * (1 - test))
    spans = {"train": (0, first), "validation": (first, second)}
    if test > 0:
        spans["test"] = (second, size)
    return spans | {part: (0, sizes[part]) for part in sizes if part != "train"}


def _reuse(folder: Path, key: str | None) -> Prepared | None:
    """The prepared text in a folder if it is whole and, with a key, the one asked for."""
    try:
        manifest = unseal(folder)
        if manifest is None or manifest["format"] != _FORMAT:
            return None
        if key is not None and manifest["key"] != key:
            return None
        for part, record in manifest["parts"].items():
            if part not in _PARTS or _number_hash(folder, part) != record["sha256"]:
                return None
        return _open_parts(folder, manifest, Codec.from_dict(manifest["codec"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, DataError):
        return None
    except RecursionError:
        return None


def _open_parts(folder: Path, manifest: Mapping[str, Any], codec: Codec) -> Prepared:
    files = {part: IdFile(folder / f"{part}.npy") for part in manifest["parts"]}
    return Prepared(
        train=files["train"],
        validation=files["validation"],
        test=files.get("test"),
        codec=codec,
        sha256=manifest["sha256"],
        key=manifest["key"],
    )


def _number_hash(folder: Path, part: str) -> str:
    return IdFile(folder / f"{part}.npy").sha256()


def _too_short(part: str, records: Mapping[str, Mapping[str, Any]]) -> DataError:
    sizes = ", ".join(f"{name} {record['num_symbols']:,}" for name, record in records.items())
    return DataError(
        f"The text is too short: its {part} part "
        + ("has a single symbol." if records[part]["num_symbols"] else "is empty."),
        got=f"symbols: {sizes}",
        accepted="at least 2 in each part: one to read and one to predict",
        hint="give a longer text, or other fractions for validation and test",
    )
