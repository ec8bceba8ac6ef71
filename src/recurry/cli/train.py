"""`recurry train` and `recurry resume`: from a text to a trained model in a run folder."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from recurry.cli.progress import Display, choose_display
from recurry.cli.task_file import TASK_FILE_OPTION, own_tasks
from recurry.errors import Interrupted, UsageError, nearest
from recurry.tasks.names import LANGUAGE, TASKS

if TYPE_CHECKING:
    from recurry.runs.configuration import RunConfig
    from recurry.runs.run import Run

_META = "recurry.settings"
SAMPLE_LENGTH, SAMPLE_TEMPERATURE = 400, 0.8
# A sample after each evaluation: long enough to see words, short enough to cost nothing.
_SAMPLE_LENGTH, _SAMPLE_TEMPERATURE = 300, 0.8
LONGEST_NAME = 40  # characters of a text's name that go into the name of its run

# Opens a run in a folder; is given a function that is told what takes a while.
Begin = Callable[[Path, Callable[[str], None]], "Run"]

# The options that are short for common settings: (option, setting, type, help).
SHORT_OPTIONS: tuple[tuple[str, str, type, str], ...] = (
    ("--text-column", "data.text_column", str, "Records: the column of the text."),
    ("--label-column", "data.label_column", str, "Records: the column of the label."),
    ("--source-column", "data.source_column", str, "Pairs: the column of what is read."),
    ("--target-column", "data.target_column", str, "Pairs: the column of what is written."),
    ("--validation", "data.validation", str, "A share to choose by, or files with it."),
    ("--test", "data.test", str, "A share to score at the end, or files with it."),
    ("--cell", "network.cell", str, "A built-in cell, a file with equations, or equations."),
    ("--hidden-size", "network.hidden_size", int, "Units of each layer."),
    ("--num-layers", "network.num_layers", int, "Layers."),
    ("--epochs", "training.epochs", int, "Passes over the training text."),
    ("--lanes", "training.lanes", int, "Pieces of text read side by side."),
    ("--k1", "window.k1", int, "Steps between two updates."),
    ("--k2", "window.k2", int, "Steps that gradients flow back through, at least k1."),
    ("--learning-rate", "optimiser.learning_rate", float, "Peak learning rate."),
    ("--tokens", "data.tokens", str, "What a symbol is: characters, bytes, words or bpe."),
    ("--seed", "training.seed", int, "Governs everything random."),
    ("--limit", "data.limit", int, "Records: learn from so many of them."),
    ("--embeddings", "transfer.embeddings", str, "Word vectors to begin with."),
    ("--start-from", "transfer.start_from", str, "A model to begin with: a file or a run."),
)


def _short_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the short options; their values are gathered in the context."""
    for option, setting, kind, text in reversed(SHORT_OPTIONS):

        def store(context: click.Context, _: Any, value: Any, setting: str = setting) -> None:
            if value is not None:
                context.meta.setdefault(_META, {})[setting] = value

        command = click.option(option, type=kind, help=text, expose_value=False, callback=store)(
            command
        )
    return command


@click.command(params=[TASK_FILE_OPTION])
@click.argument("files", nargs=-1, metavar="[TASK] [FILES]...")
@click.option("--run", "folder", metavar="DIR", help="The run folder; a new or an empty one.")
@click.option("--preset", metavar="NAME", help="Settings to begin with; each task has its own.")
@click.option("--config", "config_path", metavar="FILE", help="Settings in a TOML file.")
@click.option("--set", "pairs", multiple=True, metavar="TABLE.KEY=VALUE", help="A single setting.")
@_short_options
@click.option("--print-config", is_flag=True, help="Print all settings as TOML and stop.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on standard output.")
def train(
    files: tuple[str, ...],
    folder: str | None,
    preset: str | None,
    config_path: str | None,
    pairs: tuple[str, ...],
    print_config: bool,
    as_json: bool,
) -> None:
    """Train a model on text FILES (folders too, - is standard input; none: bundled Shakespeare).

    With the name of a TASK as the first word the FILES are its records instead: `recurry train
    classify reviews.csv --text-column text --label-column stars`.

    Settings come from the preset, then the file, then options. Ctrl-C saves everything, and
    `recurry resume DIR` goes on with the same bits.
    """
    from recurry.runs.configuration import load_config, to_toml
    from recurry.tasks.find import find_task

    task, files = _split_task(files)
    if preset is None and config_path is None:
        preset = find_task(task or LANGUAGE).preset or None
    short = _at_home(click.get_current_context().meta.get(_META, {}), task or LANGUAGE)
    config = load_config(preset, config_path, gather_settings(files, pairs, short), task=task)
    if print_config:
        click.echo(to_toml(config), nl=False)
        return
    name = preset or (Path(config_path).stem if config_path else config.task)
    target = Path(folder) if folder else _free_folder(config, name)
    run = conduct(target, units_of(config), as_json=as_json, begin=starter(config))
    show_sample(run, as_json=as_json)


@click.command(params=[TASK_FILE_OPTION])
@click.argument("folder", metavar="RUN")
@click.option("--epochs", type=int, help="A larger number of epochs than the run began with.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on standard output.")
def resume(folder: str, epochs: int | None, as_json: bool) -> None:
    """Go on with the RUN folder of a training that was stopped, bit for bit."""
    from recurry.runs.configuration import load_config
    from recurry.runs.folder import CONFIG_NAME
    from recurry.runs.run import resume as resume_run

    path = Path(folder) / CONFIG_NAME
    units = units_of(load_config(path=path)) if os.path.isfile(path) else Units()
    run = conduct(
        Path(folder),
        units,
        as_json=as_json,
        begin=lambda target, notify: resume_run(target, epochs=epochs, notify=notify),
    )
    show_sample(run, as_json=as_json)


def _split_task(files: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The task that the first word names, if it names one, and the files."""
    own = own_tasks()
    if files and files[0] in (*TASKS, *own):
        return files[0], files[1:]
    if own:
        raise UsageError(
            "--task-file brings in a task, but the first word names none.",
            got=files[0] if files else "no word",
            accepted=" or ".join(own),
            hint=f"recurry train {own[0]} {' '.join(map(shlex.quote, files))}".strip(),
        )
    if files and not os.path.exists(files[0]):
        close = nearest(files[0], TASKS)
        if close or files[0].replace("-", "").isalpha():  # a word, as names of tasks are
            again = " ".join(map(shlex.quote, (*close[:1], *files[1:])))
            raise UsageError(
                f"There is neither a file nor a task named {files[0]!r}.",
                accepted=f"text files, or a task: {', '.join(TASKS)}",
                hint=f"recurry train {again}" if close else None,
            )
    return None, files


def _at_home(settings: dict[str, Any], task: str) -> dict[str, Any]:
    """The values of short options by the names that their settings have for a task."""
    from recurry.runs.configuration import parse_value, tables_of

    tables, found = tables_of(task), {}
    for name, value in settings.items():
        table, _, key = name.partition(".")
        has_it = table in tables and key in tables[table].model_fields
        others = [other for other, kind in tables.items() if key in kind.model_fields]
        home = table if has_it or len(others) != 1 else others[0]
        is_share = key in ("validation", "test")
        found[f"{home}.{key}"] = parse_value(value) if is_share else value
    return found


class Units(NamedTuple):
    """What a run counts, and one of what its loss is a mean of."""

    counted: str = "characters"
    loss: str = "character"


def units_of(config: RunConfig) -> Units:
    """The units of a run with these settings."""
    from recurry.tasks.find import find_task

    task = find_task(config.task)
    return Units(task.units(config.tables), task.loss_unit(config.tables))


def gather_settings(
    files: tuple[str, ...], pairs: tuple[str, ...], settings: dict[str, Any]
) -> dict[str, Any]:
    """Settings by dotted name, from FILES, --set and the short options."""
    from recurry.runs.configuration import parse_value

    short = settings | ({"data.paths": files} if files else {})
    overrides: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UsageError(f"--set {pair} has no value.", accepted="--set table.key=value")
        if name in short:
            raise UsageError(
                f"The setting {name} is given twice.",
                got=f"--set {pair}, and {_spelling(name)}",
                hint="keep one of them",
            )
        overrides[name] = parse_value(text)
    return short | overrides


def _spelling(setting: str) -> str:
    """The short way to write a setting."""
    return next((option for option, name, *_ in SHORT_OPTIONS if name == setting), "FILES")


def _free_folder(config: RunConfig, settings_name: str) -> Path:
    """`runs/TEXT-SETTINGS`, with a number behind it if that is taken."""
    from recurry.runs.folder import is_free

    paths = config.data.paths
    text = (Path(paths[0]).stem or "text") if paths and paths[0] != "-" else "text"
    name = f"{text if paths else 'shakespeare'}"[:LONGEST_NAME] + f"-{settings_name}"
    target, number = Path("runs") / name, 2
    while not is_free(target):
        target, number = Path("runs") / f"{name}-{number}", number + 1
    return target


def starter(config: RunConfig) -> Begin:
    """What opens a new run with these settings."""
    from recurry.runs.run import start

    return lambda folder, notify: start(config, folder, notify=notify)


def conduct(folder: Path, units: Units, *, as_json: bool, begin: Begin) -> Run:
    """Open a run, train it to the end and say what came out."""
    display = choose_display(unit=units.counted, loss_unit=units.loss, as_json=as_json)
    try:
        with display:
            run = begin(folder, display.note)
            _introduce(run, display)
            with closing(run.train()) as steps:  # whatever happens while showing, training saves
                for progress in steps:
                    display.show(progress)
                    if progress.validation is not None:
                        _keep_sample(run, progress.update)
    except KeyboardInterrupt as stop:
        raise _stopped_at_once(folder) from stop
    _report(run, loss_unit=units.loss, as_json=as_json)
    return run


def _keep_sample(run: Run, update: int) -> None:
    """Let a language model write a little after an evaluation, so that one can see it learn."""
    if run.config.task != LANGUAGE:
        return
    from recurry.generation.sample import Sampling, generate
    from recurry.runs.samples import Sample, append_sample
    from recurry.tasks.language import LanguageModel

    assert isinstance(run.model, LanguageModel)
    sampling = Sampling(temperature=_SAMPLE_TEMPERATURE)
    text = generate(run.model, length=_SAMPLE_LENGTH, sampling=sampling, seed=0)[0]
    append_sample(run.folder, Sample(update=update, text=text))


def _stopped_at_once(folder: Path) -> Interrupted:
    from recurry.runs.folder import CONFIG_NAME, resume_command

    if not os.path.isfile(folder / CONFIG_NAME):
        return Interrupted("Stopped before anything was written.")
    return Interrupted(
        "Stopped at once; what happened since the last checkpoint will be done again.",
        hint=resume_command(folder),
    )


def _introduce(run: Run, display: Display) -> None:
    display.note(f"run {run.folder}: {run.model!r}")
    display.note(run.state.course.description)


def _report(run: Run, *, loss_unit: str, as_json: bool) -> None:
    """Where the model lies and how good it is."""
    scores = dict(run.best_model().scores)
    if as_json:
        done = {"event": "done", "run": str(run.folder), "model": str(run.model_path)}
        click.echo(json.dumps(done | {"loss_unit": loss_unit, "scores": scores}))
        return
    click.echo(f"model   {click.format_filename(run.model_path)}")
    click.echo(f"curves  {click.format_filename(run.folder / 'curves.svg')}")
    for part in ("validation", "test"):
        if f"{part}_loss_nats" in scores:
            found = {name: x for name, x in scores.items() if name.startswith(f"{part}_")}
            is_text = run.config.task == LANGUAGE
            click.echo(
                f"{part:<11}{_perplexities(found) if is_text else _listed(found, loss_unit)}"
            )


def _perplexities(found: dict[str, float]) -> str:
    """The scores of a language model on one part."""
    plain = {name.partition("_")[2]: value for name, value in found.items()}
    return (
        f"{plain['loss_nats']:.4f} nats, {plain['bits']:.4f} bits a symbol, "
        f"perplexity {plain.get('perplexity', math.inf):.4g}"
    )


def _listed(found: dict[str, float], loss_unit: str) -> str:
    """The scores of a task over records on one part, by name."""
    titles = {"loss_nats": f"nats a {loss_unit}"}
    plain = ((name.partition("_")[2], x) for name, x in found.items())
    names = ((titles.get(name, name.replace("_", " ")), x) for name, x in plain)
    return ", ".join(
        f"{name} {value:,.0f}" if name.startswith("num ") else f"{name} {value:.4g}"
        for name, value in names
    )


def _next_command(run: Run) -> str:
    """What to type to use a model of a task over records."""
    from recurry.cli.generate_by_class import writes_by_class

    name, model = shlex.quote(str(run.folder)), run.best_model()
    if writes_by_class(model):
        first = shlex.quote(model.knowledge.labels.names[0])
        return f"recurry generate {name} --class {first} --number 10"
    return f"recurry predict {name} FILE"


def show_sample(run: Run, *, as_json: bool) -> None:
    """A short text by the trained model, and how to get more; talk, so on standard error."""
    if as_json:
        return
    if run.config.task != LANGUAGE:
        click.echo(f"\ntry: {_next_command(run)}", err=True)
        return
    from recurry.generation.sample import Sampling, generate

    sampling = Sampling(temperature=SAMPLE_TEMPERATURE)
    (text,) = generate(run.best_model(), length=SAMPLE_LENGTH, sampling=sampling)
    click.echo(f"\n{text.strip()}\n", err=True)
    name = shlex.quote(str(run.folder))
    click.echo(f"try: recurry generate {name} --temperature {SAMPLE_TEMPERATURE}", err=True)
