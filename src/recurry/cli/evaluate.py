"""`recurry evaluate`: score a model on a text, or on labelled records."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recurry.cli.decoding_options import DECODING_OPTIONS, with_decoding
from recurry.cli.evaluate_records import (
    COLUMN_OPTIONS,
    data_changes,
    evaluate_records,
    split_pairs,
)
from recurry.cli.model_argument import find_model, open_any_model
from recurry.cli.painting import (
    PAINT_OPTIONS,
    Paint,
    check_painting,
    finish_painting,
    show_paintings,
)
from recurry.cli.task_file import TASK_FILE_OPTION
from recurry.errors import UsageError
from recurry.tasks.names import LANGUAGE, SYMBOLS

if TYPE_CHECKING:
    from recurry.data.ids import IdFile
    from recurry.tasks.language import LanguageModel
    from recurry.tasks.scoring import Scores

_PARTS = ("test", "validation", "train")
_PAINTED = 2000


def _evaluate(
    model: str,
    files: tuple[str, ...],
    part: str | None,
    characters: int | None,
    pairs: tuple[str, ...],
    picture: str | None,
    **values: Any,
) -> None:
    decoding = {option.name: values.pop(option.name) for option in DECODING_OPTIONS}
    columns = {str(option.name): values.pop(option.name) for option in COLUMN_OPTIONS}
    paint = Paint(**values)
    if files and part:
        raise UsageError(
            "--part names a part of the run's own text, so it cannot be combined with FILES.",
            hint="leave out --part, or the files",
        )
    if characters is not None and not paint.colour:
        raise UsageError(
            "--characters says how much is painted, but no cell to paint was named.",
            hint="--colour varying, or --colour LAYER:UNIT",
        )
    language_model = open_any_model(model)
    if language_model.task != LANGUAGE:
        if paint.colour:
            raise UsageError("Only what a language model reads is painted.", hint="leave --colour")
        of_data, of_answers = split_pairs(language_model, pairs)
        evaluate_records(
            with_decoding(language_model, decoding, of_answers),
            files,
            part=part,
            run=find_model(model).parent,
            changes=data_changes(language_model, of_data, columns),
            picture=picture,
            as_json=paint.as_json,
        )
        return
    with_decoding(language_model, decoding)  # complains
    if pairs or picture or any(columns.values()):
        raise UsageError(
            "--set, --picture and columns are for labelled records.",
            got=f"{model}, a language model",
        )
    check_painting(paint, language_model)
    with tempfile.TemporaryDirectory() as folder:
        if files:
            ids, name = _read_files(language_model, files, folder), ", ".join(files)
        else:
            ids, name = _read_part(model, part)
        from recurry.tasks.scoring import score

        _print(language_model, score(language_model, ids), name=name, as_json=paint.as_json)
        if paint.colour:
            start = ids.read(0, min(len(ids), characters or _PAINTED))
            _paint(language_model, start, paint=paint, name=name)


def _read_files(model: LanguageModel, files: tuple[str, ...], folder: str) -> IdFile:
    from recurry.data.corpus import Corpus
    from recurry.inspection.reading import encode_corpus, is_text

    corpus = Corpus.open(files, is_utf8=is_text(model.codec))
    return encode_corpus(model.codec, corpus, Path(folder) / "text.npy")


def _read_part(model: str, part: str | None) -> tuple[IdFile, str]:
    """A part of the text that the model's own run was made from."""
    from recurry.data.prepare import MANIFEST, load_prepared
    from recurry.runs.folder import DATA

    run = find_model(model).parent
    if not (run / DATA / MANIFEST).is_file():
        raise UsageError(
            "There is no text to evaluate on.",
            got=f"{model}, which lies in no run folder, and no FILES",
            hint=f"recurry evaluate {model} FILE",
        )
    prepared = load_prepared(run / DATA)
    found = {name: getattr(prepared, name) for name in _PARTS}
    kept = {name: ids for name, ids in found.items() if ids is not None and len(ids)}
    chosen = part or next(iter(kept))
    if chosen not in kept:
        raise UsageError(
            f"The run {run} has no {chosen} part.",
            accepted=" or ".join(kept),
            hint=f"recurry evaluate {model} FILE",
        )
    return kept[chosen], f"the {chosen} part of {run}"


def _print(model: LanguageModel, scores: Scores, *, name: str, as_json: bool) -> None:
    unit = SYMBOLS[model.codec.config.tokens]
    if as_json:
        values = {key: x if math.isfinite(x) else None for key, x in asdict(scores).items()}
        click.echo(json.dumps({"text": name, "unit": unit, **values}))
        return
    click.echo(f"{scores.num_symbols:,} {unit}s predicted in {name}")
    click.echo(f"  {scores.loss_nats:10.4f} nats a {unit}")
    click.echo(f"  {scores.bits:10.4f} bits a {unit}")
    click.echo(f"  {scores.perplexity:10.4f} perplexity")


def _paint(model: LanguageModel, ids: Any, *, paint: Paint, name: str) -> None:
    from recurry.inspection.figure import paint_cells
    from recurry.inspection.recording import record

    with record(model, ids) as recording:
        paintings = paint_cells(recording, paint.colour or "")
    show_paintings(paintings, paint)
    finish_painting(paintings, paint, model=model, title=name)


evaluate = click.Command(
    "evaluate",
    callback=_evaluate,
    help="Score MODEL on text FILES: nats, bits and perplexity a symbol.\n\nFolders too; - is "
    "standard input. Without FILES, a run folder is scored on the test part of its own text, or "
    "on the validation part where it has no test part. A model that was trained on records is "
    "scored on FILES of labelled records.",
    params=[
        click.Argument(["model"]),
        click.Argument(["files"], nargs=-1, metavar="[FILES]..."),
        click.Option(
            ["--part"],
            type=click.Choice(_PARTS),
            help="The part of the run's own text to score.",
        ),
        *COLUMN_OPTIONS,
        *PAINT_OPTIONS,
        click.Option(
            ["--characters"],
            type=click.IntRange(1, 1_000_000),
            metavar="N",
            help=f"Symbols to paint, from the beginning of the text.  [default: {_PAINTED}]",
        ),
        click.Option(
            ["--set", "pairs"],
            multiple=True,
            metavar="KEY=VALUE",
            help="Records: what differs from the training's table data, as label_column=stars, or "
            "from its table decoding, as candidates=24.",
        ),
        click.Option(
            ["--picture"],
            metavar="FILE",
            help="Records: write the confusion matrix, or the attention, as SVG.",
        ),
        *DECODING_OPTIONS,
        TASK_FILE_OPTION,
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
    ],
)
