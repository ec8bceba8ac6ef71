"""What transfer gains where few sentences are labelled: film reviews, positive or negative.

Run: python bench/transfer_gain.py rt-polarity.neg rt-polarity.pos
    [--folds 10] [--labelled 1000] [--epochs 10] [--ways WAY...] [--scored test|explore]
    [--folder DIR] [--csv FILE]

The sentences are shuffled once and dealt into tenths. In each fold another tenth is the test part,
so many of the sentences behind it are labelled, and the rest have lost their labels. From these
word vectors are learnt, and with the vectors a language model. Then the same classifier learns from
the labelled sentences: from scratch, with the vectors, from the language model; from scratch twice
as fast; and from scratch with the preset for opinions that are many. The number of the fold is the
seed.

There is no validation part, which would be more labelled sentences, and nothing is chosen by the
test part: `--scored explore` scores on a thousand others, to choose settings by. What lies in the
folder or in the table already is not learnt again. Times are of the processor, as that of the clock
depends on what else the machine does.
"""

import argparse
import csv
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from recurry.artefact.model_file import FILE_NAME, load_model

RECURRY = [sys.executable, "-c", "from recurry.cli.main import main; main()"]
VECTORS = ["--lower", "--size", "128", "--window", "30", "--epochs", "40", "--min-count", "2"]
VECTORS += ["--threads", "1"]
LANGUAGE = ["--preset", "words", "--set", "data.stem=english"]
LANGUAGE += ["--embeddings", "words.vec", "--set", "transfer.freeze_embeddings=true"]
WAYS = {
    "reviews": ["--preset", "reviews"],
    "scratch": ["--preset", "few-labels"],
    "scratch-fast": ["--preset", "few-labels", "--learning-rate", "4e-3"],
    "embeddings": ["--preset", "few-labels", "--embeddings", "words.vec"],
    "start-from": ["--preset", "few-labels", "--start-from", "language"],
}
PARTS = ("test", "explore")
COLUMNS = ("way", "fold", "labelled", "scored", "accuracy", "processor_seconds")
TENTHS = 10


def run(command: list[str], folder: Path) -> float:
    """Run a command of Recurry in a folder and give the processor time that it took, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / "commands.log", "a") as log:
        log.write("recurry " + " ".join(command) + "\n")
        log.flush()
        subprocess.run([*RECURRY, *command], cwd=folder, stdout=log, stderr=log, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def share_out(negative: str, positive: str, folder: Path, *, fold: int, labelled: int) -> None:
    """Write the parts of the sentences: to test, with a label, without one; to choose by."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        (name, line.strip())
        for name, path in (("neg", negative), ("pos", positive))
        for line in Path(path).read_text(encoding="latin-1").split("\n")
        if line.strip()
    ]
    random.Random(0).shuffle(rows)
    tenth = len(rows) // TENTHS
    rows = rows[fold * tenth :] + rows[: fold * tenth]
    first, last = tenth + labelled, tenth + labelled + 1000
    parts = {"test": rows[:tenth], "labelled": rows[tenth:first], "explore": rows[first:last]}
    for name, part in parts.items():
        text = "".join(f"{label} {line}\n" for label, line in part)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    rest = "".join(f"{line}\n" for _, line in rows[first:])
    (folder / "unlabelled.txt").write_text(rest, encoding="utf-8")


def prepare(folder: Path, ways: list[str]) -> None:
    """Learn the vectors and the language model that ways ask for, and print what each takes."""
    if {"embeddings", "start-from"} & {*ways} and not (folder / "words.vec").exists():
        command = ["embed", "train", "unlabelled.txt", *VECTORS, "--output", "words.vec"]
        print(f"words.vec     {run(command, folder):.0f} s", flush=True)
    if "start-from" in ways and not (folder / "language" / FILE_NAME).exists():
        command = ["train", "unlabelled.txt", *LANGUAGE, "--run", "language"]
        print(f"language      {run(command, folder):.0f} s", flush=True)


def classify(way: str, folder: Path, *, scored: str, seed: int, epochs: int) -> tuple[float, float]:
    """The accuracy on a part of one classifier, and its processor time."""
    name = f"{way}-{scored}"
    command = ["train", "classify", "labelled.txt", "--set", "data.layout=label-first"]
    command += ["--validation", "0", "--test", f"{scored}.txt", "--epochs", str(epochs)]
    command += ["--seed", str(seed), "--run", name, "--set", "training.patience=0", *WAYS[way]]
    seconds = run(command, folder)
    return load_model(folder / name).scores["test_accuracy"], seconds


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Print a line for each classifier, and one for each way."""
    table = Path(options.csv or folder / "table.csv")
    found = read(table)
    for fold in range(options.folds):
        ways = [way for way in options.ways if (way, fold, options.scored) not in found]
        own = folder / f"fold-{fold}"
        share_out(options.negative, options.positive, own, fold=fold, labelled=options.labelled)
        prepare(own, ways)
        for way in ways:
            accuracy, seconds = classify(
                way, own, scored=options.scored, seed=fold, epochs=options.epochs
            )
            found[way, fold, options.scored] = 100 * accuracy
            print(f"{way:<13} fold {fold}  {100 * accuracy:.1f} %  {seconds:.0f} s", flush=True)
            row = (way, fold, options.labelled, options.scored, f"{accuracy:.4f}", f"{seconds:.0f}")
            append(row, table)
    rows = {
        way: [found[way, fold, options.scored] for fold in range(options.folds)]
        for way in options.ways
    }
    for way, scores in rows.items():
        print(f"{way:<13} {in_words(scores)}", end="")
        if way != "scratch" and "scratch" in rows:
            gains = [mine - plain for mine, plain in zip(scores, rows["scratch"], strict=True)]
            print(f"   over scratch, fold by fold: {in_words(gains)}", end="")
        print()


def in_words(numbers: list[float]) -> str:
    """Mean and standard deviation."""
    spread = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return f"{statistics.mean(numbers):.1f} +- {spread:.1f}"


def read(path: Path) -> dict[tuple[str, int, str], float]:
    """The accuracies that a table holds, in per cent."""
    if not path.exists():
        return {}
    with open(path, newline="") as file:
        return {
            (row["way"], int(row["fold"]), row["scored"]): 100 * float(row["accuracy"])
            for row in csv.DictReader(file)
        }


def append(row: tuple[object, ...], path: Path) -> None:
    """Write a row of the table, behind its names where it begins."""
    is_new = not path.exists()
    with open(path, "a", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if is_new:
            table.writerow(COLUMNS)
        table.writerow(row)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("negative", metavar="NEGATIVE")
    parser.add_argument("positive", metavar="POSITIVE")
    parser.add_argument("--labelled", type=int, default=1000)
    parser.add_argument("--folds", type=int, choices=range(1, TENTHS + 1), default=TENTHS)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--scored", choices=PARTS, default=PARTS[0])
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--folder", metavar="DIR", help="where all is kept; else it is removed")
    parser.add_argument("--csv", metavar="FILE", help="a row for each classifier")
    options = parser.parse_args()
    if options.folder:
        Path(options.folder).mkdir(parents=True, exist_ok=True)
        compare(options, Path(options.folder))
        return
    with tempfile.TemporaryDirectory() as name:
        compare(options, Path(name))


if __name__ == "__main__":
    main()
