"""The tables of `recurry text` on a terminal of 80 columns; plain where no colours are."""

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recurry.data.survey import CountTable, Survey
from recurry.data.tables import one_hot
from recurry.data.words import Words

# White space in each kind's own spelling -> a sign that can be seen.
_SPELLED = {
    "words": {"<eos>": "↵"},
    "bytes": {"<0x0A>": "↵", "<0x20>": "␣", "<0x09>": "⇥", "<0x0D>": "␍"},
    "bpe": {"Ċ": "↵", "Ġ": "␣", "ĉ": "⇥", "č": "␍"},
    "characters": {},
}
_VISIBLE = {"\n": "↵", "\t": "⇥", "\r": "␍", " ": "␣"}
_BAR = 24
_TOKEN_LINES = 4
_ONE_HOT_ROWS = 8


def show(found: Survey, counts: CountTable | None, *, top: int) -> None:
    """Print what a text is made of on standard output."""
    console = Console(highlight=False)
    _show_summary(console, found)
    _show_tokens(console, found)
    if found.forms:
        _show_stems(console, found, top=top)
    _show_vocabulary(console, found, top=top)
    if counts is not None:
        columns = _columns(found, counts)
        _show_counts(console, found, counts, columns=columns)
        _show_one_hot(console, found)


def visible(symbol: str, tokens: str = "characters") -> str:
    """A symbol as it can be seen: white space and control characters have signs."""
    for spelling, sign in _SPELLED[tokens].items():
        symbol = symbol.replace(spelling, sign)
    return "".join(
        _VISIBLE.get(c) or (c if c.isprintable() else f"\\u{ord(c):04x}") for c in symbol
    )


def shorten(text: str, width: int) -> str:
    """A text of at most `width` terminal cells, with an ellipsis where it was cut."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _heading(console: Console, title: str, note: str = "") -> None:
    console.print(Text.assemble((title, "bold cyan"), (f"  {note}" if note else "", "dim")))


def _table(header_style: str) -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style=header_style)


def _show_summary(console: Console, found: Survey) -> None:
    corpus, config = found.corpus, found.codec.config
    names = [source.name for source in corpus.sources]
    shown = names[0] if len(names) == 1 else f"{len(names):,} files, the first is {names[0]}"
    console.print(Text(shorten(_printable(shown), console.width), "bold"))
    console.print(
        f"{corpus.num_bytes:,} bytes, {found.num_symbols:,} {_noun(found)}, "
        f"{len(found.ranked):,} distinct"
    )
    if config.is_lower:
        console.print("lower-cased" + (f", stemmed ({config.stem})" if config.stem else ""))
    if isinstance(found.codec.tokeniser, Words) and found.codec.tokeniser.is_spaced:
        console.print("cut at white space alone, as the word <unk> says it is prepared already")
    if corpus.skipped:
        name, reason = corpus.skipped[0]
        text = f"skipped: {_number(len(corpus.skipped), 'file')}, for instance {name} ({reason})"
        console.print(Text(shorten(_printable(text), console.width), "yellow"))
    console.print()


def _noun(found: Survey) -> str:
    nouns = {"words": "tokens (words, marks, newlines)", "bpe": "pieces"}
    return nouns.get(found.codec.config.tokens, found.codec.config.tokens)


def _show_tokens(console: Console, found: Survey) -> None:
    """The first symbols with a bar between any two."""
    _heading(console, "Tokens", "as the model will see the beginning")
    line, lines = Text(), []
    for symbol in found.start:
        token = shorten(visible(symbol, found.codec.config.tokens), console.width // 2)
        if line and cell_len(line.plain) + cell_len(token) + 1 > console.width:
            lines.append(line)
            line = Text()
        if len(lines) == _TOKEN_LINES:
            break
        line.append(token).append("│", "dim")
    for row in [*lines, line][:_TOKEN_LINES]:
        console.print(row, soft_wrap=True)
    console.print()


def _show_stems(console: Console, found: Survey, *, top: int) -> None:
    _heading(console, "Stems", "and the words that were cut down to them")
    ranked = sorted(found.forms.items(), key=lambda item: -len(item[1]))[:top]
    width = max(cell_len(stem) for stem, _ in ranked)
    for stem, forms in ranked:
        text = Text.assemble((stem.ljust(width), "green"), ("  ← ", "dim"))
        room = console.width - width - 4
        console.print(text.append(shorten(", ".join(forms), room)), soft_wrap=True)
    console.print()


def _show_vocabulary(console: Console, found: Survey, *, top: int) -> None:
    vocabulary, ranked = found.codec.vocabulary, found.ranked
    tokens = found.codec.config.tokens
    _heading(
        console, "Vocabulary", f"the {min(top, len(ranked)):,} most frequent of {len(ranked):,}"
    )
    table = _table("bold")
    for name in ("number", "count", "share"):
        table.add_column(name, justify="right")
    table.add_column("symbol", max_width=24, no_wrap=True, style="green")
    table.add_column("", no_wrap=True, style="cyan")
    most = vocabulary.counts[ranked[0]]
    for number in ranked[:top]:
        count = vocabulary.counts[number]
        bar = "█" * max(1, round(_BAR * count / most))
        share = f"{100 * count / found.num_symbols:.2f} %"
        symbol = Text(shorten(visible(vocabulary.symbols[number], tokens), 24))
        table.add_row(str(number), f"{count:,}", share, symbol, bar)
    console.print(table)
    console.print()


def _columns(found: Survey, counts: CountTable) -> list[int]:
    """The symbols that occur in the documents, the most frequent there first."""
    totals = counts.counts.sum(axis=0)
    names = found.codec.vocabulary.symbols
    seen = np.flatnonzero(totals).tolist()
    return sorted((n for n in seen if names[n] != "<eos>"), key=lambda n: (-totals[n], names[n]))


def _show_counts(
    console: Console, found: Survey, counts: CountTable, *, columns: list[int]
) -> None:
    """The bag-of-words matrix: as many columns as the terminal is wide."""
    names, tokens = found.codec.vocabulary.symbols, found.codec.config.tokens
    symbols = [visible(names[number], tokens) for number in columns]
    label_width = min(24, max(map(cell_len, counts.documents), default=0))
    widest = counts.counts[:, columns].max(axis=0, initial=0)
    widths = [max(cell_len(s), len(str(n))) for s, n in zip(symbols, widest, strict=True)]
    shown = _fitting(widths, console.width - label_width - 2)
    documents = _number(len(counts.documents), "document")
    note = f"{documents} x the {shown} most frequent of {len(columns):,} symbols"
    _heading(console, "Counts", note)
    table = _table("bold green")
    table.add_column("", max_width=label_width, no_wrap=True)
    for symbol in symbols[:shown]:
        table.add_column(Text(symbol), justify="right", no_wrap=True)
    for name, row in zip(counts.documents, counts.counts, strict=True):
        cells = [_count_cell(int(row[number])) for number in columns[:shown]]
        table.add_row(Text(shorten(_printable(name), label_width)), *cells)
    console.print(table)
    console.print()


def _count_cell(count: int) -> Text:
    return Text(str(count), "bold" if count else "dim")


def _show_one_hot(console: Console, found: Survey) -> None:
    """The first different symbols as rows with a single 1."""
    vocabulary, tokens = found.codec.vocabulary, found.codec.config.tokens
    size = len(vocabulary)
    first = list(dict.fromkeys(found.start))[:_ONE_HOT_ROWS]
    numbers = [vocabulary.numbers[symbol] for symbol in first if symbol in vocabulary.numbers]
    rows = one_hot(numbers, size)
    order = sorted(numbers)
    _heading(
        console, "One-hot", f"a 1 in the column of the symbol's number, 0 in {size - 1:,} others"
    )
    table = _table("bold")
    table.add_column("symbol", max_width=20, no_wrap=True, style="green")
    for number in order:
        table.add_column(str(number), justify="right")
    for number, row in zip(numbers, rows, strict=True):
        cells = [_count_cell(int(row[column])) for column in order]
        table.add_row(Text(shorten(visible(vocabulary.symbols[number], tokens), 20)), *cells)
    console.print(table)
    console.print()


def _fitting(widths: list[int], room: int) -> int:
    """How many columns fit beside the labels, with two spaces between; at least one."""
    ends = np.cumsum([width + 2 for width in widths])
    return max(1, int(np.searchsorted(ends, room, side="right")))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _printable(text: str) -> str:
    """A space for what cannot be printed, as bytes of file names that are no UTF-8."""
    return "".join(c if c.isprintable() else " " for c in text)
