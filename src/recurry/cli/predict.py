"""`recurry predict`: an answer for each text, in their order, as they come."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from recurry.cli.decoding_options import DECODING_OPTIONS, with_decoding
from recurry.cli.model_argument import open_any_model
from recurry.cli.picture import write_picture
from recurry.cli.task_file import TASK_FILE_OPTION
from recurry.errors import DataError, UsageError
from recurry.tasks.names import LANGUAGE

if TYPE_CHECKING:
    from recurry.data.pairs import PairColumns
    from recurry.data.records import Columns

# Texts that are answered together at most: sorted by length, they fill batches well.
MOST_TOGETHER = 2048
MOST_DRAWN = 20  # texts of a picture
STDIN = "-"
_AT_ONCE = 1 << 16  # bytes that are read together at most, which is what a pipe holds
_ENCODING = "--encoding "  # how it is said to this verb


@click.command(params=[*DECODING_OPTIONS, TASK_FILE_OPTION])
@click.argument("model")
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option("--text-column", metavar="NAME", help="FILES are tables: the column of the text.")
@click.option("--label-column", metavar="FIELD", help="CoNLL-U: the field that labels go to.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of the FILES.")
@click.option("--labels", "is_plain", is_flag=True, help="Print the answer alone, not JSON.")
@click.option("--texts", "has_texts", is_flag=True, help="Repeat each text beside its answer.")
@click.option("--attention", metavar="FILE", help="Written answers: draw their attention as SVG.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Searched answers: a key of the model's table decoding, as candidates=24.",
)
def predict(
    model: str,
    files: tuple[str, ...],
    text_column: str | None,
    label_column: str | None,
    encoding: str,
    is_plain: bool,
    has_texts: bool,
    attention: str | None,
    pairs: tuple[str, ...],
    beam: int | None,
    length_penalty: float | None,
    coverage_penalty: float | None,
) -> None:
    """Answer each text of FILES with MODEL: one JSON object a line, in the same order.

    A file has a text a line; .csv, .tsv and .jsonl files have them in a column. A model of the task
    tag writes other files back with a label for each word, in CoNLL-U in the field that it learnt
    from or that --label-column names. Without FILES, or for -, lines are read from standard input
    and answered as they come. How many texts are answered together is chosen by itself and changes
    no answer.

    Models that write a text for a text (translate, summarise) search it with a beam; those of the
    task fill answer each ___ in a line.
    """
    if is_plain and has_texts:
        raise UsageError("--labels prints answers alone, so --texts has no place.")
    found = open_any_model(model)
    if found.task == LANGUAGE:
        raise UsageError(
            f"The model {model} is a language model, which has nothing to predict a label with.",
            hint=f"recurry generate {model}, or recurry evaluate {model} FILE",
        )
    asked = {"beam": beam, "length_penalty": length_penalty, "coverage_penalty": coverage_penalty}
    found = _labelling(with_decoding(found, asked, pairs), label_column)
    columns = _columns(found, text_column)
    if attention is not None:
        texts = [
            text
            for name in files or (STDIN,)
            for some in _batches(name, columns=columns, encoding=encoding)
            for text in some
        ]
        _draw(found, texts, attention)
        _answer(found, texts, is_plain=is_plain, has_texts=has_texts)
        return
    for name in files or (STDIN,):
        if _rewrite(found, name, encoding=encoding, is_plain=is_plain, has_texts=has_texts):
            continue
        count = 0
        for texts in _batches(name, columns=columns, encoding=encoding):
            try:
                _answer(found, texts, is_plain=is_plain, has_texts=has_texts)
            except DataError as error:
                raise _behind(error, name, count) from error
            count += len(texts)


def _labelling(model: Any, field: str | None) -> Any:
    """The model, made to write labels to a field of CoNLL-U."""
    from recurry.data.record_configuration import SentencesConfig

    if field is None:
        return model
    data = model.settings["data"]
    if not isinstance(data, SentencesConfig):
        raise UsageError(
            f"A model of the task {model.task} writes no labels into files.",
            got=f"--label-column {field}",
            accepted="a model of the task tag",
            hint="leave it out",
        )
    changed = data.model_copy(update={"label_column": field})
    return replace(model, settings={**model.settings, "data": changed})


def _columns(model: Any, asked: str | None) -> Columns | PairColumns:
    """Where the text stands in tables: as in those that a model was trained on."""
    from recurry.data.pairs import PairColumns
    from recurry.data.record_configuration import PairsConfig
    from recurry.data.records import Columns
    from recurry.tasks.series import SeriesConfig

    data = model.settings["data"]
    if isinstance(data, PairsConfig):
        return PairColumns(source=asked or data.source_column)
    text = asked or getattr(data, "text_column", "text")
    return Columns(text=text, label=None, has_numbers=isinstance(data, SeriesConfig))


def _draw(model: Any, texts: list[str], path: str) -> None:
    """The attention of the texts as a picture, if the task of the model has any."""
    from recurry.tasks.find import find_task

    task: Any = find_task(model.task)
    if not hasattr(task, "attention"):
        raise UsageError(
            f"A model of the task {model.task} writes nothing, so there is no attention to draw.",
            hint="a model of the task translate or summarise",
        )
    if len(texts) > MOST_DRAWN:
        raise UsageError(
            "There are too many texts for one picture.",
            got=f"{len(texts):,} texts",
            accepted=f"at most {MOST_DRAWN}",
            hint="head -5 FILE | recurry predict MODEL --attention picture.svg",
        )
    from recurry.tasks.attention_picture import attention_svg

    write_picture(path, attention_svg(task.attention(model, texts)))


def _rewrite(model: Any, name: str, *, encoding: str, is_plain: bool, has_texts: bool) -> bool:
    """Write a file again with its answers, if the task of the model does so and it is no table."""
    from recurry.data.records import decode, ending_layout, read_bytes
    from recurry.data.sentences import CONLLU_ENDINGS
    from recurry.tasks.find import find_task

    if name == STDIN or ending_layout(name) is not None:
        return False
    task: Any = find_task(model.task)
    text = decode(read_bytes(name), encoding, name, option=_ENCODING)
    if not text:  # as of empty standard input: no records, so no answers
        return False
    try:
        written = task.rewrite(model, text, name)
    except DataError as error:
        if error.hint is not None or name.endswith(CONLLU_ENDINGS):
            raise
        raise DataError(
            error.what,
            where=error.where,
            got=error.got,
            accepted=error.accepted,
            hint=f"a sentence a line goes in like this: recurry predict MODEL < {name}",
        ) from error
    if written is None and name.endswith(CONLLU_ENDINGS):
        raise UsageError(
            f"A model of the task {model.task} does not label the words of sentences.",
            got=name,
            accepted="a model of the task tag",
        )
    if written is not None and (is_plain or has_texts):
        raise UsageError(
            "The file is written back with its labels, so --labels and --texts have no place.",
            hint=f"leave them out, or hand in a sentence a line: recurry predict MODEL < {name}",
        )
    if written is not None:
        click.echo(written, nl=not written.endswith("\n"))
    return written is not None


def _answer(model: Any, texts: list[str], *, is_plain: bool, has_texts: bool) -> None:
    """Answers of texts that are at hand, handed on at once."""
    from recurry.tasks.find import find_task

    task: Any = find_task(model.task)
    for text, answer in zip(texts, task.predict(model, texts), strict=True):
        if is_plain:
            first = next(iter(answer.values()))
            # A line an answer, also where a model has written line breaks.
            click.echo(" ".join(first if isinstance(first, list) else str(first).splitlines()))
        else:
            shown = ({"text": text} if has_texts else {}) | answer
            click.echo(json.dumps(shown, ensure_ascii=False))
    sys.stdout.flush()


def _behind(error: DataError, name: str, count: int) -> DataError:
    """An error about one of some texts, before which others of the same file were answered."""
    file = "standard input" if name == STDIN else name
    place = f", counted behind the first {count:,} texts" if count else ""
    return DataError(
        error.what,
        where=f"{file}, {error.where or 'a text'}{place}",
        got=error.got,
        accepted=error.accepted,
        hint=error.hint,
    )


def _batches(name: str, *, columns: Columns | PairColumns, encoding: str) -> Iterator[list[str]]:
    """The texts of a file, as many together as are at hand."""
    if name == STDIN:
        count = 0
        for lines in _arriving(sys.stdin.buffer):
            yield [_decode(line, encoding, number) for number, line in enumerate(lines, count + 1)]
            count += len(lines)
        return
    texts = _file_texts(name, columns=columns, encoding=encoding)
    for start in range(0, len(texts), MOST_TOGETHER):
        yield texts[start : start + MOST_TOGETHER]


def _arriving(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they come: all that wait, but never waiting for a second one."""
    lines: SimpleQueue[bytes | None] = SimpleQueue()
    Thread(target=_read_lines, args=(stream, lines), daemon=True).start()
    line = lines.get()
    while line is not None:
        together = [line]
        line = b""
        while line is not None and len(together) < MOST_TOGETHER:
            try:
                line = lines.get_nowait()
            except Empty:
                break
            if line is not None:
                together.append(line)
        yield together
        if line is not None:
            line = lines.get()


def _read_lines(stream: BinaryIO, lines: SimpleQueue[bytes | None]) -> None:
    """Hand on lines without their ends.

    Python cannot end while a thread waits inside a buffered stream, so the raw one is read.
    """
    raw: Any = getattr(stream, "raw", stream)
    begun: list[bytes] = []  # pieces of a line whose end has not come
    while chunk := raw.read(_AT_ONCE):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            lines.put(b"".join([*begun, end]))
            begun = []
        begun.append(rest)
    if last := b"".join(begun):
        lines.put(last)
    lines.put(None)


def _file_texts(name: str, *, columns: Columns | PairColumns, encoding: str) -> list[str]:
    from recurry.data.pairs import PairColumns, read_sources
    from recurry.data.records import decode, ending_layout, read_bytes, table_rows

    text = decode(read_bytes(name), encoding, name, option=_ENCODING)
    if not text:
        return []
    layout = ending_layout(name)
    if layout is None:
        return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    if isinstance(columns, PairColumns):
        texts, notes = read_sources(text, layout=layout, columns=columns, name=name)
        for note in notes:
            click.echo(note, err=True)
        return texts
    return [row.text for row in table_rows(text, layout=layout, columns=columns, name=name)]


def _decode(line: bytes, encoding: str, number: int) -> str:
    """A line of standard input as text."""
    from recurry.data.records import decode

    text = decode(line, encoding, "standard input", first_line=number, option=_ENCODING)
    return text.rstrip("\r")
