"""Stop runs at random updates, resume them in new processes, and compare every bit.

For each of several settings (optimisers, dropout, random window lengths, averaged weights, k2 > k1)
one run is trained without a stop. Then again and again a run with the same settings is stopped at
a random update, by Ctrl-C, SIGTERM or SIGKILL, and resumed by `recurry resume` in a new process
and a new interpreter.
The last checkpoint's tensors, the model file and the log must be the same to the byte.

    python bench/resume_bits.py --stops 50
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import traceback
from importlib.resources import files
from pathlib import Path

import torch

from recurry.errors import Interrupted
from recurry.runs.configuration import load_config
from recurry.runs.run import start

COMMON = {
    "network.hidden_size": 24,
    "training.epochs": 2,
    "training.lanes": 8,
    "training.evaluate_every": 11,
    "window.k1": 16,
    "report.log_every": 3,
}
SETTINGS: dict[str, dict[str, object]] = {
    "adamw, jitter, dropout": {
        "optimiser.name": "adamw",
        "optimiser.weight_decay": 0.1,
        "optimiser.clip_norm": 1.0,
        "schedule.name": "one_cycle",
        "window.jitter": 3.0,
        "network.num_layers": 2,
        "dropout.input": 0.1,
        "dropout.between": 0.2,
        "dropout.output": 0.2,
        "dropout.recurrent_weights": 0.1,
    },
    "sgd with momentum, averaged weights, gru": {
        "network.cell": "gru",
        "optimiser.name": "sgd",
        "optimiser.learning_rate": 0.5,
        "optimiser.momentum": 0.9,
        "training.averaging": 0.98,
        "schedule.name": "step",
        "schedule.start": 1.0,
        "dropout.zoneout": 0.1,
    },
    "rmsprop, k2 > k1, locked dropout": {
        "optimiser.name": "rmsprop",
        "optimiser.clip_value": 1.0,
        "window.k2": 40,
        "dropout.output": 0.3,
        "dropout.is_locked": True,
        "schedule.name": "cosine",
        "schedule.warmup": 0.1,
    },
    "adagrad, sums, rnn": {
        "network.cell": "rnn",
        "optimiser.name": "adagrad",
        "optimiser.learning_rate": 0.1,
        "optimiser.clip_value": 5.0,
        "training.loss": "sum",
    },
    "asgd, own equations, jitter": {
        "network.cell": "h = tanh(W @ x + U @ h + b)\n",
        "optimiser.name": "asgd",
        "optimiser.learning_rate": 1.0,
        "window.jitter": 2.0,
    },
    "adam, embedding, tied": {
        "optimiser.name": "adam",
        "network.embedding_size": 24,
        "network.is_tied": True,
        "network.num_layers": 2,
        "network.has_residual": True,
        "dropout.input": 0.2,
        "training.patience": 50,
    },
}
RESUME = "from recurry.cli.main import main; main()"


def main() -> None:
    """Stop, resume, compare, and exit with 1 if any bit differs."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--stops", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--characters", type=int, default=6000)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="recurry-resume-") as folder:
        text = Path(folder) / "text.txt"
        text.write_text(_shakespeare()[: chosen.characters], encoding="utf-8")
        num_different = run(Path(folder), text, stops=chosen.stops, seed=chosen.seed)
    print(f"{chosen.stops} stops, {num_different} runs that differ")
    sys.exit(1 if num_different else 0)


def run(folder: Path, text: Path, *, stops: int, seed: int) -> int:
    """The number of resumed runs that are not the same as those that were never stopped."""
    chance, num_different = random.Random(seed), 0
    whole: dict[str, tuple[int, dict[str, str]]] = {}
    for number in range(stops):
        name = list(SETTINGS)[number % len(SETTINGS)]
        settings = COMMON | SETTINGS[name] | {"data.paths": [str(text)]}
        if name not in whole:
            _train(settings, folder / f"whole-{len(whole)}", stop=-1, number=0)
            whole[name] = _fingerprint(folder / f"whole-{len(whole)}")
        num_updates, expected = whole[name]
        stop = chance.randint(1, num_updates - 1)
        way = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
        run_folder = folder / f"stopped-{number}"
        _train(settings, run_folder, stop=stop, number=way)
        _resume(run_folder)
        _, found = _fingerprint(run_folder)
        different = [part for part in expected if expected[part] != found[part]]
        num_different += bool(different)
        verdict = "DIFFERS in " + ", ".join(different) if different else "the same bits"
        print(f"{name}: {way.name} after update {stop} of {num_updates}: {verdict}", flush=True)
    return num_different


def _train(settings: dict[str, object], folder: Path, *, stop: int, number: int) -> None:
    """Train in a process of its own, which sends itself the signal after the update `stop`."""
    # A killed run goes on from its last checkpoint, so let there be one after a few updates.
    is_killed = number == signal.SIGKILL
    settings = settings | {"report.checkpoint_seconds": 0.1 if is_killed else 30.0}
    child = os.fork()
    if child == 0:
        _train_here(settings, folder, stop=stop, number=number)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = 0 if stop < 0 else -signal.SIGKILL if is_killed else 130
    if status != expected:
        raise SystemExit(f"training in {folder} ended with {status}, not with {expected}")


def _train_here(settings: dict[str, object], folder: Path, *, stop: int, number: int) -> None:
    """The child; it never comes back."""
    try:
        run = start(load_config(overrides=settings), folder)
        for progress in run.train():
            if progress.update == stop:
                os.kill(os.getpid(), number)
        os._exit(0)
    except Interrupted as stopped:
        os._exit(stopped.exit_code)
    finally:
        traceback.print_exc()
        os._exit(1)


def _resume(folder: Path) -> None:
    """Go on in a new interpreter, by the command that a user would type."""
    done = subprocess.run(
        [sys.executable, "-c", RESUME, "resume", str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"resuming {folder} ended with {done.returncode}:\n{done.stderr}")


def _fingerprint(folder: Path) -> tuple[int, dict[str, str]]:
    """The number of updates of a finished run, and a sum of each thing that must not differ."""
    last = max((folder / "checkpoints").glob("update-*"))
    parts = {
        "training state": last / "state.safetensors",
        "model file": folder / "model.safetensors",
        "log": folder / "log.jsonl",
        "curves": folder / "curves.csv",
    }
    sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in parts.items()}
    return int(last.name.removeprefix("update-")), sums


def _shakespeare() -> str:
    sample = files("recurry.data") / "samples" / "tinyshakespeare.txt"
    return sample.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
