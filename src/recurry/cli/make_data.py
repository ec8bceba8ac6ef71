"""`recurry make-data`: data sets made by a rule, as TSV or JSON lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

import click

from recurry.errors import DataError, UsageError

NAMES = ("copy", "reverse", "adding", "parity", "arithmetic", "xml")
FORMATS = ("tsv", "jsonl")


class Length(click.ParamType):
    """A whole number, or a range such as 5-20."""

    name = "length"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The smallest and the greatest length."""
        if isinstance(value, tuple):
            return value
        low, dash, high = str(value).partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            self.fail(f"{value!r} is neither a number nor a range such as 5-20.", param, ctx)
        return int(low), int(high or low)


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--count", type=click.IntRange(1), default=10_000, show_default=True, help="Rows.")
@click.option("--length", type=Length(), metavar="N|MIN-MAX", help="Length of each, see above.")
@click.option("--symbols", type=int, help="Different symbols of copy and reverse.  [default: 8]")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same, the same rows."
)
@click.option(
    *("--output", "-o"),
    default="-",
    metavar="FILE",
    help="A file; - is standard output.  [default: -]",
)
@click.option(
    *("--format", "form"),
    type=click.Choice(FORMATS),
    help="[default: jsonl for adding and names in .jsonl, else tsv]",
)
def make_data(
    name: str,
    count: int,
    length: tuple[int, int] | None,
    symbols: int | None,
    seed: int,
    output: str,
    form: str | None,
) -> None:
    """Make a data set whose right answers are known, with columns that tasks read by name.

    \b
    NAME        columns         a row is                              length
    copy        source target   a sequence; the same again            20 symbols
    reverse     source target   a sequence; the same backwards        20 symbols
    adding      inputs target   numbers, two marked; their sum        200 steps
    parity      text label      bits; even or odd                     1-40 bits
    arithmetic  source target   a strewn sum or difference; result    8 digits
    xml         text            nested tags, for the next character   10 tags

    TSV begins with a line of names. Other seeds give other rows, so that training, validation and
    test come from three calls.
    """
    from recurry.data.synthetic import make_records

    form = form or ("jsonl" if name == "adding" or output.endswith(".jsonl") else "tsv")
    if form == "tsv" and name == "adding":
        raise UsageError(
            "The data adding has a pair of numbers for each step, which no TSV column holds.",
            hint="--format jsonl",
        )
    records = make_records(name, count, seed=seed, length=length, num_symbols=symbols)
    lines = _as_json(records) if form == "jsonl" else _as_table(records)
    if output == "-":
        for line in lines:
            sys.stdout.write(line)
        return
    _write(output, lines)
    click.echo(f"data  {click.format_filename(output)}  ({count:,} rows)")


def _as_json(records: Iterator[dict[str, object]]) -> Iterator[str]:
    return (json.dumps(record) + "\n" for record in records)


def _as_table(records: Iterator[dict[str, object]]) -> Iterator[str]:
    for number, record in enumerate(records):
        if not number:
            yield "\t".join(record) + "\n"
        yield "\t".join(map(str, record.values())) + "\n"


def _write(output: str, lines: Iterator[str]) -> None:
    from recurry.data.whole_file import whole_file

    try:
        with whole_file(output) as file:
            for line in lines:
                file.write(line.encode())
    except OSError as error:
        raise DataError(
            "The data set cannot be written.",
            where=os.fspath(output),
            got=error.strerror or str(error),
            hint="free some space, or name another file",
        ) from error
