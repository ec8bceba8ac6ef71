"""The kernel that learns word vectors, against a plain program with the same draws."""

import llvmlite.binding as llvm
import numpy as np
import pytest

from recurry.backends.cpu import word_updates
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.word_updates import WordSettings, WordUpdates
from recurry.backends.cpu.word_vectors import make_rows, write_word_vectors

MASK = 2**64 - 1
STEP = 0x9E3779B97F4A7C15


def mix(value):
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


class Plain:
    """word2vec, one number at a time in float64, with the draws of the kernel."""

    def __init__(self, updates, settings, *, border, num_pieces):
        self.settings, self.border, self.num_pieces = settings, border, num_pieces
        self.keep, self.alias = updates._keep.tolist(), updates._alias.tolist()
        self.inputs = updates.vectors.astype(np.float64)
        self.outputs = np.zeros_like(self.inputs)

    def draw(self):
        self.state = (self.state + STEP) & MASK
        return mix(self.state)

    def learn(self, ids, piece_words, first_piece=0):
        for number, start in enumerate(range(0, len(ids), piece_words), first_piece):
            self.state = mix((number * STEP & MASK) ^ self.settings.seed)
            first, last = self.settings.rates
            rate = max(last, first - number * (first - last) / self.num_pieces)
            kept = []
            for word in ids[start : start + piece_words].tolist():
                if word == self.border:
                    self.sentence(kept, rate)
                    kept = []
                if self.draw() >> 32 < self.keep[word]:
                    kept.append(word)
            self.sentence(kept, rate)

    def sentence(self, words, rate):
        window = self.settings.window
        for middle, word in enumerate(words):
            reach = window - ((self.draw() >> 32) * window >> 32)
            places = range(max(0, middle - reach), min(len(words), middle + reach + 1))
            around = [words[place] for place in places if place != middle]
            if self.settings.is_skip_gram:
                for other in around:
                    self.inputs[other] += self.update(self.inputs[other], word, rate)
            elif around:
                change = self.update(self.inputs[around].mean(axis=0), word, rate)
                for other in around:
                    self.inputs[other] += change

    def update(self, vector, word, rate):
        targets = [word]
        for _ in range(self.settings.negatives):
            bits = self.draw()
            drawn = (bits >> 32) * len(self.alias) >> 32
            stays, other = self.alias[drawn]
            drawn = drawn if bits & 0xFFFFFFFF < stays else other
            targets += [drawn] if drawn != word else []
        wanted = np.zeros(len(targets))
        wanted[0] = 1
        steps = rate * (wanted - 1 / (1 + np.exp(-(self.outputs[targets] @ vector))))
        change = np.zeros_like(vector)
        for target, step in zip(targets, steps, strict=True):
            change += step * self.outputs[target]
            self.outputs[target] += step * vector
        return change


def _text(rng, size=900, num_words=12):
    """Word 0 ends lines; word 1 is never kept."""
    ids = rng.integers(0, num_words, size)
    ids[:40] = 5  # a line of one word
    counts = np.bincount(ids, minlength=num_words)
    counts[:2] = 0
    return ids.astype(np.int64), counts


@pytest.fixture
def short_pieces(monkeypatch, set_threads):
    """Pieces short enough for several in a small text, and one thread."""
    monkeypatch.setattr(word_updates, "PIECE_WORDS", 250)
    set_threads(1)


@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("is_skip_gram", [True, False])
@pytest.mark.parametrize(
    ("size", "window", "negatives", "sample", "border"),
    [
        (5, 3, 4, 0.0, 0),
        (40, 1, 1, 0.05, 0),
        (16, 2, 40, 0.0, 0),  # more targets than fit into two registers
        (500, 4, 5, 0.0, 0),  # several blocks
        (7, 5, 5, 0.1, -1),  # across lines
    ],
)
def test_the_kernel_is_the_plain_program(
    rng, is_skip_gram, size, window, negatives, sample, border
):
    ids, counts = _text(rng)
    settings = WordSettings(
        size=size,
        is_skip_gram=is_skip_gram,
        window=window,
        negatives=negatives,
        rates=(min(0.2, 1 / negatives), 0.01),
        seed=2**62 + 3,
    )
    updates = WordUpdates(counts, settings, sample=sample, border=border, num_pieces=8)
    plain = Plain(updates, settings, border=border, num_pieces=8)
    for first_piece in (0, 4):
        updates.learn(ids, first_piece)
        plain.learn(ids, 250, first_piece)
    assert np.abs(plain.outputs).max() > 0.01
    np.testing.assert_allclose(updates.outputs, plain.outputs, rtol=1e-3, atol=2e-5)
    np.testing.assert_allclose(updates.vectors, plain.inputs, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("features", ["sse2", "avx2 fma", "avx512f fma"])
@pytest.mark.parametrize("size", [1, 100, 300, 4096])
@pytest.mark.parametrize("is_skip_gram", [True, False])
def test_the_module_is_valid(features, size, is_skip_gram):
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    rows = make_rows(machine, size)
    assert 0 <= rows.size - size < rows.width
    text = write_word_vectors(machine, rows, is_skip_gram=is_skip_gram)
    llvm.parse_assembly(text).verify()


def test_rows_are_padded_little():
    machine = Machine(triple=host().triple, features=frozenset({"avx512f"}))
    assert [make_rows(machine, size).size for size in (1, 100, 300)] == [16, 112, 320]
    assert make_rows(machine, 100).blocks == 1
