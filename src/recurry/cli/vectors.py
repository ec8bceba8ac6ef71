"""Questions to files of word vectors: neighbours, analogies, agreement with people, other formats.

They are the commands of `recurry embed` beside `train`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

FORMATS = ("text", "binary", "glove", "fasttext")
_limit = click.option(
    "--limit", type=click.IntRange(1), help="Read only so many words, the first ones of the file."
)
_count = click.option(
    *("--count", "-n"), type=click.IntRange(1), default=10, show_default=True, help="Words shown."
)
_json = click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@_count
@_limit
@_json
def neighbours(
    file: str, words: tuple[str, ...], count: int, limit: int | None, is_json: bool
) -> None:
    """The words nearest to each WORD by the cosine of their vectors in FILE."""
    from recurry.data.vector_files import load_vectors

    vectors = load_vectors(file, limit=limit)
    found = {word: vectors.neighbours(word, count) for word in words}
    if is_json:
        click.echo(json.dumps({word: _records(near) for word, near in found.items()}))
        return
    for number, (word, near) in enumerate(found.items()):
        if len(found) > 1:
            click.echo(("\n" if number else "") + word)
        _show(near)


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.argument("third", metavar="C")
@_count
@_limit
@_json
def analogy(
    file: str,
    one: str,
    other: str,
    third: str,
    count: int,
    limit: int | None,
    is_json: bool,
) -> None:
    """What is to C as B is to A: `recurry embed analogy FILE man king woman`."""
    from recurry.data.vector_files import load_vectors

    near = load_vectors(file, limit=limit).analogy([other, third], [one], count=count)
    if is_json:
        click.echo(json.dumps(_records(near)))
    else:
        _show(near)


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("lists", metavar="PAIRS...", nargs=-1, required=True)
@_limit
@_json
def agree(file: str, lists: tuple[str, ...], limit: int | None, is_json: bool) -> None:
    """How well FILE agrees with people on which words are alike (Spearman).

    PAIRS are lists with two words and a rating on each line, such as SimLex-999 or WordSim-353.
    """
    from recurry.data.similarity import agreement, read_pairs
    from recurry.data.vector_files import load_vectors

    vectors = load_vectors(file, limit=limit)
    found = {name: agreement(vectors, read_pairs(name)) for name in lists}
    if is_json:
        click.echo(json.dumps({name: entry.to_dict() for name, entry in found.items()}))
        return
    for name, entry in found.items():
        click.echo(f"{click.format_filename(name)}  {entry}")


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("output", metavar="OUTPUT")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by OUTPUT's name]")
@_limit
def convert(file: str, output: str, form: str | None, limit: int | None) -> None:
    """Write the word vectors of FILE in another format; its own is found by what it holds.

    Names in .bin are written as word2vec binary, others as text with a first line of sizes, as
    word2vec and fastText read it; .gz packs.
    """
    from recurry.data.vector_files import load_vectors, save_vectors

    vectors = load_vectors(file, limit=limit)
    save_vectors(vectors, output, format=form)
    click.echo(f"vectors  {click.format_filename(output)}  ({vectors!r})")


COMMANDS = (neighbours, analogy, agree, convert)


def _records(near: Sequence[tuple[str, float]]) -> list[dict[str, object]]:
    return [{"word": word, "cosine": cosine} for word, cosine in near]


def _show(near: Sequence[tuple[str, float]]) -> None:
    from recurry.inspection.controls import printable

    for word, cosine in near:
        click.echo(f"{cosine:7.4f}  {printable(word)}")
