"""Change model files in hostile ways and load them: only our error, little memory, little time.

Three small valid files (characters, bytes, words) are mutated: cut off, bits flipped, bytes
overwritten, the header's size changed, tensors moved, shapes and sizes made absurd, equations and
vocabulary replaced by something hostile, numbers made giant, JSON nested deeply. Half of those
with a changed description get a correct SHA-256 sum again, so that later checks are reached.

    python bench/fuzz_model_file.py --mutants 100000
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import random
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from recurry.artefact.model_file import load_model, save_model
from recurry.data.configuration import DataConfig
from recurry.data.prepare import prepare
from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.errors import ModelFileError
from recurry.network.configuration import EncoderConfig, NetworkConfig
from recurry.network.dropout import Dropout
from recurry.tasks.classify import AnswerConfig, Classify
from recurry.tasks.language import LanguageModel

MEMORY_LIMIT_MB = 300  # more than before the first mutant
HANG_SECONDS = 5
TEXT = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind\n" * 8

HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**18, 10**400, 1e308, -0.5, "", "x", "\u0000", "é" * 1000,
    "9" * 5000, [], {}, [[]], [None], {"a": {}}, ["a"] * 1000, {"": ""}, "../../etc/passwd",
    "__import__('os').system('true')", [[1, 2], [3]], {"cell": {"cell": {}}},
)  # fmt: skip
EQUATIONS = (
    "",
    "h = h",
    "h = tanh(W @ x",
    "h = __import__('os').system('true')",
    "h = (lambda: 1)()",
    "h = x ** 10 ** 10",
    "h = " + "(" * 500 + "x" + ")" * 500,
    "h = " + "-" * 5000 + "x",
    "h = " + " + ".join(["h"] * 20_000),
    "\n".join(f"a{n} = tanh(W{n} @ x + U{n} @ h)" for n in range(3000)) + "\nh = a0",
    "\n".join(["a0 = x", *(f"a{n} = a{n - 1} * a{n - 1}" for n in range(1, 200)), "h = a199"]),
    "h = tanh(W @ x + U @ h + b + " + "9" * 4000 + ")",
    "h = tanh(W @ x) # " + "x" * 100_000,
    "h = W @ W @ W @ x",
    "h = tanh(1e999 * W @ x)",
    "h = tanh(\u202eW @ x)",
    "\x00",
)


def main() -> None:
    """Mutate, load, count, and exit with 1 on anything but our own error."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--mutants", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--keep", help="Folder for mutants that fail.")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="recurry-fuzz-") as folder:
        seeds = _make_seeds(Path(folder))
        counts, failures = run(
            Path(folder), seeds, mutants=chosen.mutants, seed=chosen.seed, keep=chosen.keep
        )
    for name, number in counts.most_common(40):
        print(f"{number:>8}  {name}")
    print(f"{chosen.mutants} mutants, {failures} failures")
    sys.exit(1 if failures else 0)


def run(
    folder: Path, seeds: list[bytes], *, mutants: int, seed: int, keep: str | None = None
) -> tuple[Counter[str], int]:
    """Load so many mutants; count what came out and how many failed."""
    chance, counts, failures = random.Random(seed), Counter(), 0
    path = folder / "mutant.safetensors"
    for raw in seeds:  # everything that is loaded once is loaded before memory is measured
        path.write_bytes(raw)
        load_model(path)
    before_mb, slowest = _peak_mb(), 0.0
    for _ in range(mutants):
        mutant = _mutate(chance.choice(seeds), chance)
        path.write_bytes(mutant)
        began = time.process_time()
        outcome = _load(path)
        slowest = max(slowest, time.process_time() - began)
        if _peak_mb() - before_mb > MEMORY_LIMIT_MB:
            outcome = f"FAILED: more than {MEMORY_LIMIT_MB} MB over the memory of valid files"
        counts[outcome] += 1
        if outcome.startswith("FAILED"):
            failures += 1
            _keep(mutant, keep, number=failures)
    memory = f"peak memory {_peak_mb() - before_mb:+.0f} MB"
    print(f"slowest {slowest:.2f} s of processor time, {memory}", flush=True)
    return counts, failures


def _load(path: Path) -> str:
    """What loading did, with the numbers in the message left out so that it can be counted."""
    signal.signal(signal.SIGPROF, _hang)
    try:
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)  # of processor time
        load_model(path)
    except ModelFileError as error:
        words = (error.got or error.what).split()
        return " ".join(word for word in words[:7] if not any(c in word for c in "0123456789'"))
    except BaseException as error:
        return f"FAILED: {type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "still a valid model"


def _hang(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {HANG_SECONDS} s")


def _keep(mutant: bytes, folder: str | None, *, number: int) -> None:
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{number}.safetensors").write_bytes(mutant)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _make_seeds(folder: Path) -> list[bytes]:
    """Small valid files of different kinds."""
    text = folder / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    seeds = []
    for tokens, cell in (("characters", "gru"), ("bytes", "lstm_peephole"), ("words", "rnn")):
        data = DataConfig.model_validate({"paths": [str(text)], "tokens": tokens})
        prepared = prepare(data, folder / tokens)
        network = NetworkConfig(cell=cell, hidden_size=3, num_layers=2)
        model = LanguageModel.build(network_config=network, codec=prepared.codec, seed=0)
        save_model(model.with_scores({"validation_loss_nats": 2.0}), folder / "seed")
        seeds.append((folder / "seed").read_bytes())
    return [*seeds, *_make_classifiers(folder)]


def _make_classifiers(folder: Path) -> list[bytes]:
    """Small valid files of the task `classify`, one for each kind of label."""
    table = folder / "table.csv"
    table.write_text("text,label\n" + "good,2\nbad,1\n" * 10, encoding="utf-8")
    task, seeds = Classify(), []
    for kind in ("class", "rating", "number"):
        settings = {
            "data": RecordsConfig(paths=(str(table),)),
            "text": TextConfig(),
            "network": EncoderConfig(cell="gru", embedding_size=2, hidden_size=3),
            "answer": AnswerConfig(kind=kind),
            "dropout": Dropout(),
        }
        records = task.prepare(settings, folder / kind)
        save_model(task.build(settings, records, cell="gru", seed=0), folder / "seed")
        seeds.append((folder / "seed").read_bytes())
    return seeds


def _mutate(raw: bytes, chance: random.Random) -> bytes:
    ways: tuple[tuple[Callable[[bytes, random.Random], bytes], int], ...] = (
        (_cut, 1),
        (_flip_bits, 2),
        (_overwrite, 1),
        (_change_header_size, 1),
        (_change_header, 4),
        (_change_description, 6),
        (_nest, 1),
    )
    way = chance.choices([way for way, _ in ways], [weight for _, weight in ways])[0]
    return way(raw, chance)


def _cut(raw: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.2:
        return raw + chance.randbytes(chance.randrange(1, 100))
    return raw[: chance.randrange(len(raw))]


def _flip_bits(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    limit = len(raw) if chance.random() < 0.3 else min(len(raw), 6000)
    for _ in range(chance.choice([1, 1, 1, 2, 8, 100])):
        changed[chance.randrange(limit)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    piece = chance.choice(
        [chance.randbytes(8), b"\xff" * 16, b'"', b"{", b"[" * 50, b"\\ud800", b"1e999", b"null"]
    )
    return raw[:start] + piece + raw[start + len(piece) * chance.randrange(2) :]


def _change_header_size(raw: bytes, chance: random.Random) -> bytes:
    size = struct.unpack("<Q", raw[:8])[0]
    choices = [0, 1, size - 1, size + 1, len(raw), len(raw) - 8, 2**31, 2**40, 2**63, 2**64 - 1]
    return struct.pack("<Q", chance.choice(choices)) + raw[8:]


def _parts(raw: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8 : 8 + size]), raw[8 + size :]


def _whole(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _change_header(raw: bytes, chance: random.Random) -> bytes:
    """Move, resize, rename, repeat or drop a tensor."""
    header, data = _parts(raw)
    names = [name for name in header if name != "__metadata__"]
    name, other = chance.choice(names), chance.choice(names)
    entry = header[name]
    way = chance.randrange(8)
    if way == 0:
        entry["data_offsets"] = header[other]["data_offsets"]
    elif way == 1:
        entry["data_offsets"] = [offset + chance.choice([-4, 4, 2**40]) for offset in (0, 1)]
    elif way == 2:
        entry["shape"] = chance.choice(HOSTILE)
    elif way == 3:
        entry["shape"] = [chance.choice([0, 1, 3, -1, 2**62, 10**30]) for _ in range(3)]
    elif way == 4:
        entry["dtype"] = chance.choice(["F16", "I64", "F64", "BOOL", 3, None, "U8"])
    elif way == 5:
        header[str(chance.choice(HOSTILE))[:50]] = header.pop(name)
    elif way == 6:
        del header[name]
    else:
        entry["shape"] = list(reversed(entry["shape"]))
    return _whole(header, data)


def _change_description(raw: bytes, chance: random.Random) -> bytes:
    """Put something hostile at a random place of the description."""
    header, data = _parts(raw)
    original = json.loads(header["__metadata__"]["recurry"])
    description = copy.deepcopy(original)
    for _ in range(chance.choice([1, 1, 2])):
        way = chance.random()
        if way < 0.25:
            description["cell"] = original["cell"] | {"equations": chance.choice(EQUATIONS)}
        elif way < 0.4:
            own = "codec" if "codec" in original else "knowledge"
            changed = copy.deepcopy(original[own])
            tables = [changed, *(part for part in changed.values() if isinstance(part, dict))]
            tables += [codec["vocabulary"] for codec in tables if "vocabulary" in codec]
            table = chance.choice(tables[1:])
            key = chance.choice(list(table))
            table[key] = chance.choice([*HOSTILE, ["a", "a"], ["\ud800"], ["ab"] * 50])
            description[own] = changed
        else:
            _replace_somewhere(description, chance)
    if chance.random() < 0.5:
        _seal(header, data, description)
    else:
        header["__metadata__"]["recurry"] = json.dumps(description)
    return _whole(header, data)


def _replace_somewhere(value: Any, chance: random.Random) -> None:
    """Walk down at random and put something hostile where the walk ends."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = chance.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
            value = inner
        elif isinstance(value, dict) and chance.random() < 0.15:
            del value[key]
            return
        else:
            value[key] = copy.deepcopy(chance.choice(HOSTILE))
            return


def _seal(header: dict[str, Any], data: bytes, description: dict[str, Any]) -> None:
    """Put the description into the header with a sum that is right."""
    description["sha256"] = "0" * 64
    text = json.dumps(description, ensure_ascii=True)
    digest = hashlib.sha256(text.encode())
    for name in sorted(set(header) - {"__metadata__"}):
        entry = header[name]
        start, end = entry["data_offsets"]
        digest.update(f"{name} {entry['dtype']} {entry['shape']}\n".encode() + data[start:end])
    header["__metadata__"]["recurry"] = text.replace("0" * 64, digest.hexdigest(), 1)


def _nest(raw: bytes, chance: random.Random) -> bytes:
    """JSON that is deep or has very many values, in the header or in the description."""
    header, data = _parts(raw)
    count = chance.choice([40, 1000, 50_000])
    bomb = chance.choice(["[" * count + "]" * count, '{"a":' * count + "1" + "}" * count])
    if chance.random() < 0.02:
        bomb = "[" + "{}," * 700_000 + "{}]"
    if chance.random() < 0.5:
        header["__metadata__"]["recurry"] = '{"sha256": "", "format": 1, "x": ' + bomb + "}"
        return _whole(header, data)
    text = json.dumps(header)[:-1] + ', "bomb": ' + bomb + "}"
    return struct.pack("<Q", len(text)) + text.encode() + data


if __name__ == "__main__":
    main()
