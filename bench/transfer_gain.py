"""What transfer gains where few sentences are labelled: film reviews, positive or negative.

Run: python bench/transfer_gain.py rt-polarity.neg rt-polarity.pos
    [--labelled 1000] [--seeds 0 1 2] [--epochs 10] [--ways WAY...] [--scored test|explore]
    [--folder DIR] [--csv FILE]

A tenth of the sentences is the test part and so many of the others are labelled, both drawn once;
the rest have lost their labels. From these word vectors are learnt, and with the vectors a
language model, once each. Then the same classifier learns from the labelled sentences in three
ways with each seed: from scratch, with the vectors, from the language model; and from scratch with
the preset for opinions that are many. There is no
validation part, which would be more labelled sentences, and nothing is chosen by the test part:
`--scored explore` scores on a thousand others, to choose settings by. What lies in the folder
already is not learnt again. Times are of the processor, as that of the clock depends on what else
the machine does.
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
    "embeddings": ["--preset", "few-labels", "--embeddings", "words.vec"],
    "start-from": ["--preset", "few-labels", "--start-from", "language"],
}
PARTS = ("test", "explore")


def run(command: list[str], folder: Path) -> float:
    """Run a command of Recurry in a folder and give the processor time that it took, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / "commands.log", "a") as log:
        log.write("recurry " + " ".join(command) + "\n")
        log.flush()
        subprocess.run([*RECURRY, *command], cwd=folder, stdout=log, stderr=log, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def share_out(negative: str, positive: str, folder: Path, *, labelled: int) -> None:
    """Write the parts of the sentences: to test, with a label, without one; to choose by."""
    rows = [
        (name, line.strip())
        for name, path in (("neg", negative), ("pos", positive))
        for line in Path(path).read_text(encoding="latin-1").split("\n")
        if line.strip()
    ]
    random.Random(0).shuffle(rows)
    tenth = len(rows) // 10
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
        print(f"words.vec    {run(command, folder):.0f} s", flush=True)
    if "start-from" in ways and not (folder / "language" / FILE_NAME).exists():
        command = ["train", "unlabelled.txt", *LANGUAGE, "--run", "language"]
        print(f"language     {run(command, folder):.0f} s", flush=True)


def classify(way: str, folder: Path, *, scored: str, seed: int, epochs: int) -> tuple[float, float]:
    """The accuracy on a part of one classifier, and its processor time."""
    name = f"{way}-{scored}-{seed}"
    command = ["train", "classify", "labelled.txt", "--set", "data.layout=label-first"]
    command += ["--validation", "0", "--test", f"{scored}.txt", "--epochs", str(epochs)]
    command += ["--seed", str(seed), "--run", name, "--set", "training.patience=0", *WAYS[way]]
    seconds = run(command, folder)
    return load_model(folder / name).scores["test_accuracy"], seconds


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Print a line for each classifier, and one for each way."""
    share_out(options.negative, options.positive, folder, labelled=options.labelled)
    prepare(folder, options.ways)
    found: dict[str, list[float]] = {way: [] for way in options.ways}
    for way in options.ways:
        for seed in options.seeds:
            accuracy, seconds = classify(
                way, folder, scored=options.scored, seed=seed, epochs=options.epochs
            )
            found[way].append(100 * accuracy)
            print(f"{way:<12} seed {seed}  {100 * accuracy:.1f} %  {seconds:.0f} s", flush=True)
            if options.csv:
                row = (
                    way,
                    seed,
                    options.labelled,
                    options.scored,
                    f"{accuracy:.4f}",
                    f"{seconds:.0f}",
                )
                append(row, Path(options.csv))
    for way, scores in found.items():
        spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
        print(f"{way:<12} mean {statistics.mean(scores):.1f} % +- {spread:.1f}")


def append(row: tuple[object, ...], path: Path) -> None:
    """Write a row of the table, behind its names where it begins."""
    is_new = not path.exists()
    with open(path, "a", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if is_new:
            table.writerow(("way", "seed", "labelled", "scored", "accuracy", "processor_seconds"))
        table.writerow(row)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("negative", metavar="NEGATIVE")
    parser.add_argument("positive", metavar="POSITIVE")
    parser.add_argument("--labelled", type=int, default=1000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
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
