"""`recurry embed`: word vectors from a text, their neighbours and analogies."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from recurry.cli.vectors import COMMANDS, FORMATS
from recurry.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from recurry.data.prepare import Prepared
    from recurry.tasks.embed import Embedding, EmbedProgress

KINDS = ("skip-gram", "cbow")
DEFAULT_OUTPUT = "vectors.vec"
# The learning rates that the word2vec program begins with.
RATES = {"skip-gram": 0.025, "cbow": 0.05}
LAST_RATE = 0.0001
LINE_SECONDS = 5.0
DRAW_SECONDS = 0.25


class EmbedGroup(click.Group):
    """What is no command is a text to learn from: `recurry embed TEXT` is `recurry embed train`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["train", *args]
        return super().parse_args(ctx, args)


@click.group(cls=EmbedGroup, short_help="Learn word vectors from a text; neighbours, analogies.")
def embed() -> None:
    """Learn word vectors from a text, and ask them for neighbours and analogies.

    \b
    `recurry embed TEXT...` is short for `recurry embed train TEXT...`:
      recurry embed news.txt --output news.vec
      recurry embed neighbours news.vec government
      recurry embed analogy news.vec man king woman
    """


for command in COMMANDS:
    embed.add_command(command)


@embed.command("train")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER|-]...")
@click.option(
    *("--output", "-o"),
    default=DEFAULT_OUTPUT,
    show_default=True,
    metavar="FILE",
    help="Where the vectors go; .gz packs them.",
)
@click.option(
    *("--format", "form"),
    type=click.Choice(FORMATS),
    help="How they are written.  [default: binary for .bin, else text]",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="skip-gram",
    show_default=True,
    help="Each word around predicts the one in the middle, or their mean does.",
)
@click.option(
    "--size",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Numbers of a vector.",
)
@click.option(
    "--window",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Most words on either side.",
)
@click.option(
    "--negatives",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Words drawn against each that was there.",
)
@click.option(
    "--min-count",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Rarer words are passed over.",
)
@click.option("--most-words", type=click.IntRange(2), help="Only so many, the frequent ones.")
@click.option(
    "--sample",
    type=click.FloatRange(0, 1),
    default=1e-3,
    show_default=True,
    help="A word with a greater share of the text is left out now and then; 0: never.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="How often the text is gone over.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Learning rate at the start.  [default: 0.025, cbow 0.05]",
)
@click.option("--lower", is_flag=True, help="Lower-case first.")
@click.option("--across-lines", is_flag=True, help="Windows reach over ends of lines.")
@click.option("--threads", type=click.IntRange(1), help="1 gives the same bits every time.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of all draws."
)
@click.option("--pairs", type=click.Path(), help="Rated word pairs to compare with at the end.")
@click.option("--json", "is_json", is_flag=True, help="JSON lines on standard output.")
def _train(is_json: bool, **options: Any) -> None:
    """Learn word vectors from text; without FILE from the bundled tiny Shakespeare.

    A word is learnt from the words around it on its line, by skip-gram or CBOW with negative
    sampling, as the word2vec program does. Ctrl-C keeps what was learnt so far.
    """
    request = Request(**options)
    with tempfile.TemporaryDirectory(prefix="recurry-") as folder:
        prepared = request.prepare(folder)
        embedding = request.begin(prepared)
        report = Report(is_json=is_json)
        report.note(
            f"{embedding.num_words:,} words to learn from, {len(embedding.vectors()):,} of them "
            "different"
        )
        is_whole = learn(embedding, report)
        vectors = embedding.vectors()
    from recurry.data.vector_files import save_vectors

    save_vectors(vectors, request.output, format=request.form)
    if not is_whole:
        raise Interrupted(
            f"Stopped early; what was learnt so far is in {click.format_filename(request.output)}."
        )
    report.finish(request, vectors)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for on the command line, by the names of the options."""

    paths: tuple[str, ...]
    output: str
    form: str | None
    kind: str
    size: int
    window: int
    negatives: int
    min_count: int
    most_words: int | None
    sample: float
    epochs: int
    rate: float | None
    lower: bool
    across_lines: bool
    threads: int | None
    seed: int
    pairs: str | None

    def prepare(self, folder: str) -> Prepared:
        """The numbers of the text's words, in a folder of their own; all that may fail early."""
        from recurry.cli.text import make_config
        from recurry.data.prepare import prepare
        from recurry.data.similarity import read_pairs

        if os.path.isdir(self.output) or not os.path.isdir(os.path.dirname(self.output) or "."):
            raise UsageError(
                "The vectors cannot be written there.",
                where=f"--output {self.output}",
                accepted="a file in a folder that exists",
            )
        if self.pairs is not None:
            read_pairs(self.pairs)
        values = {
            "paths": self.paths,
            "tokens": "words",
            "lower_case": self.lower,
            "min_count": self.min_count,
            # Beside the words there are the end of a line and the unknown word.
            "vocabulary_size": self.most_words + 2 if self.most_words else None,
            "validation": 0.0,
        }
        return prepare(make_config(values), folder)

    def begin(self, prepared: Prepared) -> Embedding:
        """Vectors before anything was learnt."""
        import torch

        from recurry.backends.cpu.word_updates import WordSettings
        from recurry.tasks.embed import Embedding

        if self.threads:
            torch.set_num_threads(self.threads)
        rate = self.rate or RATES[self.kind]
        settings = WordSettings(
            size=self.size,
            is_skip_gram=self.kind == "skip-gram",
            window=self.window,
            negatives=self.negatives,
            rates=(rate, min(rate, LAST_RATE)),
            seed=self.seed,
        )
        return Embedding(
            prepared.train,
            prepared.codec,
            settings,
            num_epochs=self.epochs,
            sample=self.sample,
            is_across_lines=self.across_lines,
        )


def learn(embedding: Embedding, report: Report) -> bool:
    """Learn to the end, or until a signal asks to stop; says which it was."""
    from recurry.runs.signals import StopRequest

    with StopRequest(lambda _: report.note("stopping, and writing what was learnt")) as stop:
        for progress in embedding.learn():
            report.show(progress)
            if stop.is_set and progress.num_words < progress.num_words_in_all:
                return False
    return True


class Report:
    """A line that is drawn again on a terminal, a line every few seconds elsewhere, or JSON."""

    def __init__(self, *, is_json: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_json, self._clock = is_json, clock
        self._is_drawing = not is_json and sys.stderr.isatty()
        self._shown = clock()
        self._last: EmbedProgress | None = None

    def note(self, text: str) -> None:
        """Say something that stays on the screen."""
        with contextlib.suppress(OSError):
            click.echo(("\r\x1b[K" if self._is_drawing else "") + text, err=True)

    def show(self, progress: EmbedProgress) -> None:
        """Take notice of one stretch."""
        self._last = progress
        is_last = progress.num_words == progress.num_words_in_all
        pause = DRAW_SECONDS if self._is_drawing else LINE_SECONDS
        if not is_last and self._clock() - self._shown < pause:
            return
        self._shown = self._clock()
        if self._is_json:
            click.echo(json.dumps({"event": "update"} | _fields(progress)))
        elif self._is_drawing and not is_last:
            with contextlib.suppress(OSError):
                click.echo("\r\x1b[K" + progress_line(progress), err=True, nl=False)
        else:
            self.note(progress_line(progress))

    def finish(self, request: Request, vectors: Any) -> None:
        """Where the vectors are and how good they are."""
        from recurry.data.similarity import agreement, read_pairs

        found = agreement(vectors, read_pairs(request.pairs)) if request.pairs else None
        if self._is_json:
            done = {"event": "done", "vectors": request.output, "num_words": len(vectors)}
            done |= _fields(self._last) if self._last else {}
            click.echo(json.dumps(done | ({"agreement": found.to_dict()} if found else {})))
            return
        click.echo(f"vectors  {click.format_filename(request.output)}  ({vectors!r})")
        if found:
            click.echo(f"pairs    {found}")


def progress_line(progress: EmbedProgress) -> str:
    """How far, how fast, how long still."""
    from recurry.cli.progress import duration

    share = 100 * progress.num_words / progress.num_words_in_all
    return (
        f"{share:5.1f} %  epoch {progress.epoch + 1}/{progress.num_epochs}  "
        f"{progress.words_per_second:,.0f} words/s  {duration(progress.seconds_left)} left"
    )


def _fields(progress: EmbedProgress) -> dict[str, object]:
    return {
        "epoch": progress.epoch + 1,
        "num_epochs": progress.num_epochs,
        "words_done": progress.num_words,
        "words_in_all": progress.num_words_in_all,
        "words_per_second": progress.words_per_second,
        "seconds": progress.seconds,
        "num_threads": progress.num_threads,
    }
