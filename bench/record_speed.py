"""Recording against plain inference, memory, and the time of Find, on a large model and text.

Usage: python bench/record_speed.py [--steps 1000000] [--folder FOLDER] [--find-only FOLDER]
"""

import argparse
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from recurry.data.codec import byte_codec
from recurry.inspection.address import CellAddress
from recurry.inspection.match import OnCell, count_on, find_on, find_places
from recurry.inspection.recording import Recording, record
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel

_LAYERS, _UNITS = 2, 512
_WINDOW = 1024  # steps of a call of plain inference
_PAIR = 16 * _WINDOW  # steps of one round of the comparison


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _infer(model: LanguageModel, ids: np.ndarray) -> None:
    """What reading alone costs: states carried from window to window, and scores."""
    state = None
    with torch.inference_mode():
        for part in torch.from_numpy(ids).split(_WINDOW):
            _, state = model.network(part[:, None], state)


def _compare(model: LanguageModel, ids: np.ndarray, rounds: int) -> None:
    """Both in turn over the same stretch, so that a busy machine is unfair to neither."""
    part = ids[:_PAIR]
    _infer(model, part[:_WINDOW])
    record(model, part[:_WINDOW]).close()
    plain, recorded = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        _infer(model, part)
        middle = time.perf_counter()
        record(model, part).close()
        plain.append(middle - start)
        recorded.append(time.perf_counter() - middle)
    one, other = statistics.median(plain), statistics.median(recorded)
    print(f"plain inference  {len(part) / one:12,.0f} steps/s, median of {rounds}")
    print(f"recording        {len(part) / other:12,.0f} steps/s, {one / other:.2f} of plain")


def _record_all(model: LanguageModel, ids: np.ndarray) -> Recording:
    before = _peak_mb()
    start = time.perf_counter()
    recording = record(model, ids)
    seconds = time.perf_counter() - start
    size = sum(file.stat().st_size for file in recording._folder.path.iterdir()) / 1e6
    print(
        f"{len(ids):,} steps of {_LAYERS} x {_UNITS}: {seconds:.1f} s, on disk {size:,.0f} MB, "
        f"peak memory {_peak_mb():,.0f} MB (before {before:,.0f} MB)"
    )
    return recording


def _find(recording: Recording) -> None:
    cells = find_on(recording, 5000, 5004, threshold=0.02, is_exact=False)
    every = [
        OnCell(
            address=CellAddress(layer=layer, state=recording.painted_state, unit=unit),
            sign=1,
            mean=0.0,
        )
        for layer in range(_LAYERS)
        for unit in range(_UNITS)
    ]
    for name, chosen in ((f"{len(cells)} cells", cells), ("all 1,024 cells", every)):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            find_on(recording, 5000, 5004, threshold=0.02)
            find_places(recording, chosen, threshold=0.02, share=0.6)
            times.append(time.perf_counter() - start)
        print(f"Find with {name}: {statistics.median(times) * 1000:.0f} ms, median of 5")
    assert len(count_on(recording, every)) == recording.length


def main() -> None:
    """Compare, record all, find."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--text", type=Path, help="Read this file; random bytes without it.")
    given = parser.parse_args()
    config = NetworkConfig(cell="lstm", hidden_size=_UNITS, num_layers=_LAYERS)
    model = LanguageModel.build(network_config=config, codec=byte_codec(), seed=0)
    model.network.eval()
    raw = given.text.read_bytes() if given.text else np.random.default_rng(0).bytes(given.steps)
    ids = np.frombuffer(raw[: given.steps], dtype=np.uint8).astype(np.int64)
    _compare(model, ids, given.rounds)
    with _record_all(model, ids) as recording:
        _find(recording)
    print(f"peak memory in all {_peak_mb():,.0f} MB")


if __name__ == "__main__":
    main()
