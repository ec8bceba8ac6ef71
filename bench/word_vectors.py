"""Learning word vectors beside gensim: words a second, and agreement with people on likeness.

Run: python bench/word_vectors.py TEXT... --gensim PYTHON [--pairs FILE] [--seeds 0 1 2]

PYTHON is an interpreter that has gensim installed, which Recurry does not need. Both learn from the
same words with the same settings on the same number of threads, in turns. The time is that of
learning alone, without counting words; a word is one that is frequent enough to have a vector.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from recurry.backends.cpu.word_updates import WordSettings
from recurry.data import DataConfig, prepare
from recurry.data.similarity import agreement, read_pairs
from recurry.data.vector_files import load_vectors
from recurry.data.vectors import WordVectors
from recurry.tasks.embed import Embedding

KINDS = ("skip-gram", "cbow")
PEER = """
import json, sys, time
from gensim.models import Word2Vec
asked = json.loads(sys.argv[1])
model = Word2Vec(sg=asked["is_skip_gram"], vector_size=asked["size"], min_count=asked["min_count"],
    workers=asked["threads"], seed=asked["seed"], epochs=asked["epochs"])
model.build_vocab(corpus_file=asked["text"])
begun = time.perf_counter()
model.train(corpus_file=asked["text"], total_words=model.corpus_total_words,
    total_examples=model.corpus_count, epochs=asked["epochs"])
seconds = time.perf_counter() - begun
model.wv.save_word2vec_format(asked["vectors"], binary=True)
words = sum(model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key)
print(json.dumps({"seconds": seconds, "words": int(words) * asked["epochs"]}))
"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one run gave."""

    words_per_second: float
    vectors: WordVectors


def write_words(paths: list[str], target: Path) -> None:
    """The text as gensim reads it: words with a space between, the unknown word left out."""
    with open(target, "w", encoding="utf-8") as file:
        for path in paths:
            for line in Path(path).read_text(encoding="utf-8").splitlines():
                file.write(" ".join(word for word in line.split() if word != "<unk>") + "\n")


def learn(options: argparse.Namespace, folder: Path, *, is_skip_gram: bool, seed: int) -> Found:
    """One run of ours."""
    config = DataConfig(
        paths=tuple(options.texts), tokens="words", min_count=options.min_count, validation=0.0
    )
    prepared = prepare(config, folder / "prepared")
    settings = WordSettings(size=options.size, is_skip_gram=is_skip_gram, seed=seed)
    embedding = Embedding(prepared.train, prepared.codec, settings, num_epochs=options.epochs)
    begun = time.perf_counter()
    for _ in embedding.learn():
        pass
    seconds = time.perf_counter() - begun
    words = embedding.num_words * options.epochs
    return Found(words_per_second=words / seconds, vectors=embedding.vectors())


def learn_peer(
    options: argparse.Namespace, folder: Path, *, is_skip_gram: bool, seed: int
) -> Found:
    """One run of gensim."""
    asked = {
        "is_skip_gram": int(is_skip_gram),
        "seed": seed,
        "text": str(folder / "words.txt"),
        "vectors": str(folder / "peer.bin"),
    }
    asked |= {name: getattr(options, name) for name in ("size", "min_count", "threads", "epochs")}
    done = subprocess.run(
        [options.gensim, "-c", PEER, json.dumps(asked)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    return Found(
        words_per_second=found["words"] / found["seconds"],
        vectors=load_vectors(folder / "peer.bin"),
    )


def compare(options: argparse.Namespace, folder: Path, *, kind: str) -> None:
    """Print a line for each run, and one with the means."""
    pairs = read_pairs(options.pairs) if options.pairs else []
    runs = {"recurry": learn, **({"gensim": learn_peer} if options.gensim else {})}
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    scores: dict[str, list[float]] = {name: [] for name in runs}
    for seed in options.seeds:
        for name, run in runs.items():
            found = run(options, folder, is_skip_gram=kind == "skip-gram", seed=seed)
            speeds[name].append(found.words_per_second)
            scores[name].append(agreement(found.vectors, pairs).correlation if pairs else 0.0)
            print(
                f"{kind:<10}{name:<9}seed {seed}  {found.words_per_second:11,.0f} words/s  "
                f"rank correlation {scores[name][-1]:.4f}  ({found.vectors!r})",
                flush=True,
            )
    for name in runs:
        speed = statistics.median(speeds[name])
        ratio = statistics.median(speeds["recurry"]) / speed
        print(
            f"{kind:<10}{name:<9}median  {speed:11,.0f} words/s  "
            f"mean correlation {statistics.mean(scores[name]):.4f}  "
            f"recurry is {ratio:.2f} x as fast"
        )


def main() -> None:
    """Both kinds, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="+", metavar="TEXT")
    parser.add_argument("--gensim", metavar="PYTHON", help="an interpreter that has gensim")
    parser.add_argument("--pairs", metavar="FILE", help="rated pairs, such as SimLex-999")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_words(options.texts, folder / "words.txt")
        for kind in options.kinds:
            compare(options, folder, kind=kind)


if __name__ == "__main__":
    main()
