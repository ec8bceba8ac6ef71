"""`recurry text`: tokens, stems, vocabulary and counts of a text, as a lecture draws them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from recurry.data.configuration import DataConfig
    from recurry.data.survey import CountTable, Survey

KINDS = ("bytes", "characters", "words", "bpe")


@click.command(short_help="Show a text as tokens, stems, vocabulary and counts.")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER|-]...")
@click.option(
    "--tokens",
    type=click.Choice(KINDS),
    default="words",
    show_default=True,
    help="What a symbol is.",
)
@click.option("--lower", is_flag=True, help="Lower-case first.")
@click.option("--stem", metavar="LANGUAGE", help="Cut words down to stems, e.g. english.")
@click.option("--min-count", type=click.IntRange(1), default=1, help="Rarer ones become unknown.")
@click.option("--table", is_flag=True, help="Add the counts matrix and one-hot rows.")
@click.option("--top", type=click.IntRange(1), help="Symbols to show (10; with --json all).")
@click.option("--rows", type=click.IntRange(1), default=8, help="Documents in the matrix (8).")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output.")
def text(
    paths: tuple[str, ...],
    tokens: str,
    lower: bool,
    stem: str | None,
    min_count: int,
    table: bool,
    top: int | None,
    rows: int,
    is_json: bool,
) -> None:
    """Show what a text is made of: tokens, stems, vocabulary, counts.

    Without FILE the bundled tiny Shakespeare is shown. The rows of the counts matrix are the
    files if there are several, else the lines that are not blank.

    \b
    Examples:
      recurry text notes.txt --stem english --table
      recurry text --tokens characters --top 20
      recurry text FOLDER --json | jq .num_distinct
    """
    from recurry.data.survey import count_table, survey

    values = {"paths": paths, "tokens": tokens, "lower_case": lower, "stem": stem}
    config = make_config(values | {"min_count": min_count})
    found = survey(config)
    counts = count_table(found, rows=rows) if table else None
    if is_json:
        click.echo(json.dumps(as_dict(found, counts, top=top), indent=2))
    else:
        from recurry.cli.text_tables import show

        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # for terminals that know few characters
        show(found, counts, top=top or 10)


def make_config(values: Mapping[str, object]) -> DataConfig:
    """The data table of a run, with contradictions reported as wrong use."""
    from pydantic import ValidationError

    from recurry.data.configuration import DataConfig
    from recurry.errors import UsageError

    try:
        return DataConfig.model_validate(values)
    except ValidationError as error:
        reasons = [found["msg"].removeprefix("Value error, ") for found in error.errors()]
        raise UsageError("These options cannot be used: " + "; ".join(reasons) + ".") from error


def as_dict(found: Survey, counts: CountTable | None, *, top: int | None) -> dict[str, Any]:
    """Everything that the tables show, for programs."""
    vocabulary, ranked = found.codec.vocabulary, found.ranked[:top]
    result: dict[str, Any] = {
        "files": [source.name for source in found.corpus.sources],
        "skipped": [{"file": name, "reason": reason} for name, reason in found.corpus.skipped],
        "num_bytes": found.corpus.num_bytes,
        "sha256": found.corpus.sha256,
        "tokens": found.codec.config.tokens,
        "num_symbols": found.num_symbols,
        "num_distinct": len(found.ranked),
        "start": list(found.start),
        "stems": {stem: list(forms) for stem, forms in found.forms.items()},
        "vocabulary": [
            {
                "symbol": vocabulary.symbols[number],
                "number": number,
                "count": vocabulary.counts[number],
            }
            for number in ranked
        ],
    }
    if counts is not None:
        result["counts"] = {
            "symbols": [vocabulary.symbols[number] for number in ranked],
            "documents": list(counts.documents),
            "rows": counts.counts[:, ranked].tolist(),
        }
    return result
