"""Every rule against its definition, worked out again from the record alone."""

import re

import numpy as np
import pytest

from recurry.data.synthetic import KINDS, make_records
from recurry.errors import UsageError


def _make(name, count=200, **options):
    return list(make_records(name, count, **options))


@pytest.mark.parametrize("name", KINDS)
def test_seeds_decide_and_fewer_are_the_first_of_more(name):
    records = _make(name, 30)
    assert records == _make(name, 30)
    assert records[:7] == _make(name, 7)
    assert records != _make(name, 30, seed=1)
    assert len({str(record) for record in records}) > 20
    assert {tuple(record) for record in records} == {KINDS[name].columns}


def test_copy_and_reverse():
    for record in _make("copy"):
        assert record["source"] == record["target"]
        assert len(record["source"].split()) == 20
    for record in _make("reverse", length=(1, 9)):
        assert record["target"].split() == record["source"].split()[::-1]
    sizes = {len(record["source"].split()) for record in _make("reverse", length=(1, 9))}
    assert sizes == set(range(1, 10))


def test_symbols_are_letters_or_numbers():
    used = {word for record in _make("copy") for word in record["source"].split()}
    assert used == set("abcdefgh")
    used = {word for record in _make("copy", num_symbols=40) for word in record["source"].split()}
    assert used == set(map(str, range(40)))


def test_adding():
    for record in _make("adding", 50) + _make("adding", length=(2, 3)):
        values, marks = np.array(record["inputs"]).T
        assert ((values >= 0) & (values <= 1)).all()
        first, second = np.flatnonzero(marks)
        assert first < len(marks) // 2 <= second
        assert record["target"] == pytest.approx(values[first] + values[second], abs=1e-6)
    targets = [record["target"] for record in _make("adding", 3000, length=(4, 4))]
    assert np.var(targets) == pytest.approx(1 / 6, abs=0.02)  # what always answering 1 scores


def test_parity():
    records = _make("parity")
    for record in records:
        assert record["label"] == ("odd" if record["text"].count("1") % 2 else "even")
    assert 60 < sum(record["label"] == "odd" for record in records) < 140


def test_arithmetic():
    signs = set()
    for record in _make("arithmetic", 500):
        assert re.fullmatch(r"[a-z0-9]+[+-][a-z0-9]+=", record["source"])
        plain = re.sub("[a-z=]", "", record["source"])
        one, sign, other = re.fullmatch(r"(\d+)([+-])(\d+)", plain).groups()
        signs.add(sign)
        assert max(len(one), len(other)) <= 8
        result = int(one) + int(other) if sign == "+" else int(one) - int(other)
        assert record["target"] == f"{result}."
        assert all(number == str(int(number)) for number in (one, other))
    assert signs == {"+", "-"}
    short = {record["target"] for record in _make("arithmetic", 900, length=(1, 1))}
    assert short == {f"{number}." for number in range(-9, 19)}


def test_xml():
    sizes, depths = set(), set()
    for record in _make("xml", length=(1, 12)):
        stack, opened, deepest = [], 0, 0
        tags = re.findall(r"<(/?)([a-z]{2,10})>", record["text"])
        assert "".join(f"<{slash}{tag}>" for slash, tag in tags) == record["text"]
        for slash, tag in tags:
            if slash:
                assert stack.pop() == tag
            else:
                stack.append(tag)
                opened += 1
            deepest = max(deepest, len(stack))
        assert not stack
        sizes.add(opened)
        depths.add(deepest)
    assert sizes == set(range(1, 13))
    assert {1, 2, 3, 4} <= depths


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("revers", {}, ["no kind of data named 'revers'", "reverse"]),
        ("adding", {"length": (1, 5)}, ["cannot have that length", "1 to 5 steps", "2 to"]),
        ("copy", {"length": (5, 4)}, ["cannot have that length"]),
        ("copy", {"length": (0, 4)}, ["cannot have that length"]),
        ("copy", {"num_symbols": 1}, ["so many symbols", "2 to 10,000"]),
        ("copy", {"num_symbols": 0}, ["so many symbols", "got: 0"]),
        ("xml", {"num_symbols": 5}, ["symbols of its own"]),
    ],
)
def test_what_a_kind_does_not_have_is_an_error_at_once(name, options, words):
    with pytest.raises(UsageError) as caught:
        make_records(name, 1, **options)
    for word in words:
        assert word in str(caught.value)
