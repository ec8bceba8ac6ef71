"""Recording against plain inference, memory, and the time of Find, on a large model and text.

Usage: python bench/record_speed.py speed|memory|find [--steps 1000000]

speed compares both over the same steps, memory records all of them, and find looks for cells in a
recording whose painted values are drawn, as their time does not depend on a model.
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch

from recurry.data.codec import byte_codec
from recurry.inspection.address import CellAddress
from recurry.inspection.keeping import WINDOW
from recurry.inspection.match import OnCell, find_on, find_places
from recurry.inspection.recording import Recording, record
from recurry.inspection.subject import subject_of
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


def _record_all(model: LanguageModel, ids: np.ndarray) -> None:
    before = _peak_mb()
    start = time.perf_counter()
    recording = record(model, ids)
    seconds = time.perf_counter() - start
    size = sum(file.stat().st_size for file in recording._folder.path.iterdir()) / 1e6
    print(
        f"{len(ids):,} steps of {_LAYERS} x {_UNITS}: {seconds:.1f} s, on disk {size:,.0f} MB, "
        f"peak memory {_peak_mb():,.0f} MB (before {before:,.0f} MB)"
    )
    recording.close()


def _find(model: LanguageModel, steps: int) -> None:
    """Times of everything that Find does, over values that are on for stretches."""
    subject = subject_of(model)
    symbols = subject.number(np.zeros(steps, dtype=np.int64))
    recording = Recording(subject, symbols, names=("c",), folder=None)
    rng = np.random.default_rng(0)
    for layer in subject.layers:
        for window in range(-(-steps // WINDOW)):
            means = rng.integers(-100, 100, (_UNITS, WINDOW // 16), dtype=np.int8)
            recording._files.painted[layer].write(window, np.repeat(means, 16, axis=1)[None])
    recording._length = steps
    every = [
        OnCell(
            address=CellAddress(layer=layer.index, state="c", unit=unit),
            sign=1 - 2 * (unit % 2),
            mean=0.0,
        )
        for layer in subject.layers
        for unit in range(_UNITS)
    ]
    found = find_on(recording, 5008, 5024)
    for name, chosen, share in (
        (f"the {len(found)} cells that are on over 16 steps", found, 0.5),
        ("all 1,024 cells", every, 0.4),
    ):
        times, work, places = [], [], []
        for _ in range(7):
            start, begun = time.perf_counter(), time.process_time()
            find_on(recording, 5008, 5024)
            places = find_places(recording, chosen, share=share)
            times.append(time.perf_counter() - start)
            work.append(time.process_time() - begun)
        print(
            f"Find, {name}: {statistics.median(times):.2f} s, {statistics.median(work):.2f} s of "
            f"processor time, medians of 7, {len(places):,} places"
        )
    recording.close()


def main() -> None:
    """One of the three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "memory", "find"])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    config = NetworkConfig(cell="lstm", hidden_size=_UNITS, num_layers=_LAYERS)
    model = LanguageModel.build(network_config=config, codec=byte_codec(), seed=0)
    model.network.eval()
    ids = np.random.default_rng(0).integers(0, 256, given.steps)
    if given.what == "speed":
        _compare(model, ids, given.rounds)
    elif given.what == "memory":
        _record_all(model, ids)
    else:
        _find(model, given.steps)


if __name__ == "__main__":
    main()
