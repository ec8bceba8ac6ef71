"""The report of a run as one HTML page.

Comes in: a model, its run folder, samples. Goes out: a file. Imports the parts of `report`.
"""

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from recurry.errors import RunError
from recurry.generation.sample import Sampling, generate
from recurry.inspection.amount import shorten_number
from recurry.inspection.controls import printable
from recurry.inspection.html import Painting, fragment, legend, style
from recurry.inspection.network_drawing import draw_subject
from recurry.inspection.subject import subject_of
from recurry.report.facts import RunFiles, Tile, make_tiles, read_run
from recurry.report.passage import paint_passage
from recurry.runs.folder import STDIN
from recurry.tasks.language import LanguageModel
from recurry.tasks.names import SYMBOLS

_TEMPERATURES = (0.5, 0.8, 1.0)
_SAMPLE_LENGTH = 600
_UNROLLED_STEPS = 4
_MOST_NAMES = 3


def write_report(
    path: str | Path,
    *,
    model: LanguageModel,
    run_folder: str | Path,
    samples: Mapping[str, str] | None = None,
) -> None:
    """Write one page that shows what a run made; it needs no network and no other file.

    Args:
        path: The HTML file to write.
        model: The run's model.
        run_folder: A folder made by `recurry train`.
        samples: Caption -> text; None draws texts at temperatures 0.5, 0.8 and 1.

    Raises:
        RunError: The page cannot be written.
    """
    folder = Path(run_folder)
    files = read_run(folder)
    shown = draw_samples(model, length=_SAMPLE_LENGTH) if samples is None else samples
    paintings = paint_passage(model, files.held_out)
    sections = [
        _section("Learning curve", _curve_text(model, files), _drawing(files.curves)),
        _section("What it writes", _samples_text(model), _samples(shown)),
        _cells_section(paintings),
        _cell_section(model),
        _section("How to go on", "", _commands(files, folder, paintings)),
        _settings(files),
    ]
    page = _page(model, make_tiles(model, files), files=files, sections=sections)
    try:
        Path(path).write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
    except OSError as error:
        raise RunError(
            f"The report cannot be written to {path}.",
            got=error.strerror,
            accepted="a file in a folder that exists and can be written",
        ) from error


def draw_samples(model: LanguageModel, *, length: int) -> dict[str, str]:
    """Texts at a low, a middle and a high temperature, with captions."""
    return {
        f"temperature {temperature:g}": generate(
            model, length=length, sampling=Sampling(temperature=temperature), seed=0
        )[0]
        for temperature in _TEMPERATURES
    }


def _page(model: LanguageModel, tiles: list[Tile], *, files: RunFiles, sections: list[str]) -> str:
    unit = SYMBOLS[model.codec.config.tokens]
    title = f"A {unit} model of {_subject(model.codec.config.paths)}"
    read = f"; trained on {shorten_number(files.num_training_symbols)} {unit}s" * bool(
        files.num_read
    )
    return _PAGE.format(
        title=escape(title),
        style=resources.files("recurry.report").joinpath("page.css").read_text() + style(),
        lead=escape(subject_of(model).title + read),
        tiles="".join(_tile(tile) for tile in tiles),
        sections="\n".join(section for section in sections if section),
        footer=escape(_footer(model)),
    )


def _subject(paths: Sequence[str]) -> str:
    """What the text is called."""
    names = ["a text from standard input" if path == STDIN else Path(path).name for path in paths]
    more = f" and {len(names) - _MOST_NAMES:,} more" * (len(names) > _MOST_NAMES)
    return (", ".join(names[:_MOST_NAMES]) or "tiny Shakespeare") + more


def _tile(tile: Tile) -> str:
    note = f"<small>{escape(tile.note)}</small>" if tile.note else ""
    return f"<li><b>{escape(tile.value)}</b><span>{escape(tile.name)}</span>{note}</li>"


def _section(title: str, text: str, body: str) -> str:
    """A box with a heading; nothing where there is nothing to show."""
    if not body:
        return ""
    words = f'<p class="soft">{escape(text)}</p>' if text else ""
    return f"<section><h2>{escape(title)}</h2>{words}{body}</section>"


def _drawing(svg: str, *, is_wide: bool = False) -> str:
    """An SVG picture without what only a file of its own needs."""
    start = svg.find("<svg")
    kind = "drawing wide" if is_wide else "drawing"
    return f'<div class="{kind}">{svg[start:]}</div>' if start >= 0 else ""


def _curve_text(model: LanguageModel, files: RunFiles) -> str:
    unit = SYMBOLS[model.codec.config.tokens]
    epochs = files.num_read / files.num_training_symbols if files.num_training_symbols else 0
    return (
        f"The loss is the surprise at the next {unit}, in nats; 0 would be certainty. The model "
        f"read {shorten_number(files.num_read)} {unit}s, its training text {epochs:.3g} times."
    )


def _samples_text(model: LanguageModel) -> str:
    unit = SYMBOLS[model.codec.config.tokens]
    return (
        f"Drawn one {unit} at a time, each from the probabilities that the model gives after all "
        "that it has written so far. A low temperature plays safe, a high one takes risks."
    )


def _samples(samples: Mapping[str, str]) -> str:
    figures = (
        f'<div class="sample"><h3>{escape(caption)}</h3>'
        f'<pre class="text">{escape(printable(text.strip(chr(10))), quote=False)}</pre></div>'
        for caption, text in samples.items()
    )
    return f'<div class="samples">{"".join(figures)}</div>' if samples else ""


def _cells_section(paintings: list[Painting]) -> str:
    if not paintings:
        return ""
    text = (
        f"The {len(paintings)} cells that vary most, each over the same held-out passage. The "
        "colour of a character is the cell's value after reading it. Look for cells that follow "
        "something: the length of a line, a name in capitals, the inside of a word. Flicker from "
        "one symbol to the next does not count as varying."
    )
    body = "".join(fragment(painting) for painting in paintings)
    shown = f'{legend(paintings[0].state)}<div class="cells">{body}</div>'
    return _section("What its cells see", text, shown)


def _cell_section(model: LanguageModel) -> str:
    cell = model.cell
    source = f'<p class="soft">{escape(cell.source)}</p>' if cell.source else ""
    body = (
        f'<div class="two"><div><h3>Equations</h3>'
        f'<pre class="code">{escape(cell.equations, quote=False)}</pre>{source}</div>'
        f"<div><h3>Weights of a layer</h3>{_parameters(model)}</div></div>"
        f"<h3>As a drawing</h3>{_drawing(cell.draw())}"
        f"{_unrolled(model)}"
    )
    text = (
        "These equations are all there is to a step; training, gradients and the drawing follow "
        "from them."
    )
    return _section(f"The cell: {cell.name}", text, body)


def _unrolled(model: LanguageModel) -> str:
    """The network over some steps; nothing where it has more layers than can be drawn."""
    drawing = draw_subject(subject_of(model), steps=_UNROLLED_STEPS)
    return f"<h3>Unrolled over time</h3>{_drawing(drawing)}" if drawing else ""


def _parameters(model: LanguageModel) -> str:
    """A table of the parameters of the last layer."""
    config = model.network_config
    is_first = config.num_layers == 1
    first_size = config.embedding_size or model.codec.num_symbols
    shapes = model.cell.parameter_shapes(
        first_size if is_first else config.hidden_size, config.hidden_size
    )
    initial = model.cell.effective_initial()
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{' × '.join(map(str, shape))}</td>"
        f"<td>{escape(initial[name])}</td></tr>"
        for name, shape in shapes.items()
    )
    head = "<tr><th>name</th><th>shape</th><th>starts as</th></tr>"
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def _commands(files: RunFiles, folder: Path, paintings: list[Painting]) -> str:
    run = shlex.quote(str(folder))
    cell = paintings[0].address if paintings else "0:0"
    lines = [
        ("write more", f"recurry generate {run} --length 1000 --temperature 0.8 --seed 1"),
        ("go on from your words", f"recurry generate {run} --prime 'O '"),
        ("watch a cell while it writes", f"recurry generate {run} --colour {cell}"),
        ("score another text", f"recurry evaluate {run} FILE"),
        ("train on your own text", "recurry train FILE --run runs/mine"),
    ]
    if files.may_train_longer:
        lines.append(("train longer", f"recurry resume {run} --epochs N"))
    if files.cell:
        lines.append(("see the cell", f"recurry cells show {shlex.quote(files.cell)}"))
    width = max(len(command) for _, command in lines)
    shown = "\n".join(f"{command:<{width}}  # {what}" for what, command in lines)
    return f'<pre class="code">{escape(shown, quote=False)}</pre>'


def _settings(files: RunFiles) -> str:
    if not files.settings:
        return ""
    body = escape(files.settings, quote=False)
    return (
        "<section><details><summary>All settings (run.toml)</summary>"
        f'<pre class="code">{body}</pre></details></section>'
    )


def _footer(model: LanguageModel) -> str:
    data = model.provenance.get("data_sha256")
    text = f" The text has SHA-256 {data}." if data else ""
    return f"Made by Recurry.{text}"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="lead">{lead}</p>
<ul class="tiles">{tiles}</ul>
{sections}
<footer>{footer}</footer>
</main>
</body>
</html>
"""
