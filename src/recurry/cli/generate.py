"""`recurry generate`: write text with a model."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from recurry.cli.model_argument import open_model
from recurry.cli.painting import (
    PAINT_OPTIONS,
    Paint,
    check_painting,
    finish_painting,
    show_legend,
    show_paintings,
)
from recurry.errors import DataError, UsageError

if TYPE_CHECKING:
    from recurry.generation.beam import Beam
    from recurry.inspection.address import CellAddress
    from recurry.inspection.html import Painting
    from recurry.tasks.language import LanguageModel

_DRAWING = ("temperature", "top_k", "top_p")
_RANDOM = (*_DRAWING, "seed", "num_samples")
_TITLE = "Generated text"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A text, or several, that are to be written.

    Args:
        model: The model that writes.
        common: Arguments that sampling and beam search share.
        drawing: Arguments of sampling alone.
        paint: What is to be painted.
    """

    model: LanguageModel
    common: Mapping[str, Any]
    drawing: Mapping[str, Any]
    paint: Paint


def _generate(model: str, beam: int | None, num_samples: int | None, **values: Any) -> None:
    _check_contradictions({**values, "beam": beam, "num_samples": num_samples})
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals that know few characters
    paint = Paint(**{name: values[name] for name in ("colour", "html", "paint", "as_json")})
    request = _make_request(model, values, paint=paint)
    check_painting(paint, request.model)
    if beam is not None:
        _search(request, beam)
    elif num_samples is not None or paint.as_json:
        _write_many(request, 1 if num_samples is None else num_samples)
    elif paint.is_one_cell:
        _write_painted(request)
    else:
        _write_one(request)


def _check_contradictions(values: Mapping[str, Any]) -> None:
    clash = " and ".join(_flag(name) for name in _RANDOM if values[name] is not None)
    if values["beam"] is not None and clash:
        raise UsageError(
            f"--beam draws nothing at random, so it cannot be combined with {clash}.",
            hint=f"leave out --beam, or {clash}",
        )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _make_request(model: str, values: Mapping[str, Any], *, paint: Paint) -> Request:
    language_model = open_model(model)
    import torch

    from recurry.generation.sample import Sampling

    # There is too little work in a single step to share it out.
    torch.set_num_threads(1)

    prime = _read_prime(language_model) if values["prime"] == "-" else values["prime"]
    limits = {name: values[name] for name in _DRAWING if values[name] is not None}
    stop = tuple(unescape(text) for text in values["stop"])
    return Request(
        model=language_model,
        common={"prime": prime, "length": values["length"], "stop": stop},
        drawing={"sampling": Sampling(**limits), "seed": values["seed"] or 0},
        paint=paint,
    )


def _read_prime(model: LanguageModel) -> str:
    """The text on standard input; a model of bytes reads whatever bytes there are."""
    errors = "surrogateescape" if model.codec.config.tokens == "bytes" else "strict"
    try:
        return sys.stdin.buffer.read().decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise DataError(
            "The prime is not UTF-8.",
            where="standard input",
            got=f"byte {error.start:,} is {error.object[error.start]:#04x}",
            accepted="UTF-8; a model made with --tokens bytes reads any bytes",
        ) from error


def unescape(text: str) -> str:
    r"""The text with \n, \t and \\ as people write them in a shell."""
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)


def _write_one(request: Request) -> None:
    """Stream one text; paint its most varying cells when it is complete, if asked for."""
    from recurry.generation.sample import stream

    written = []
    for piece in stream(request.model, **request.common, **request.drawing):
        written.append(piece)
        _write(_shown(piece))
    _end_line("".join(written))
    if request.paint.colour:
        paintings = _paint(request, "".join(written))
        show_paintings(paintings, request.paint)
        finish_painting(paintings, request.paint, model=request.model, title=_TITLE)


def _write_painted(request: Request) -> None:
    """Stream one text, each piece on the colour of one cell after reading it."""
    import numpy as np

    from recurry.inspection.html import Painting
    from recurry.inspection.terminal import paint

    address = _address(request)
    depth, pieces, values = request.paint.depth(), [], []
    for piece, value in _values(request, address):
        pieces.append(piece)
        values.append(value)
        _write(paint(piece, value, depth=depth) if depth != "none" else _shown(piece))
    _end_line("".join(pieces))
    if depth != "none":
        show_legend(depth)
    painting = Painting(
        title=address.title,
        pieces=pieces,
        values=np.array(values),
        state=address.state,
        address=str(address),
    )
    finish_painting([painting], request.paint, model=request.model, title=_TITLE)


def _address(request: Request) -> CellAddress:
    from recurry.inspection.address import parse_address
    from recurry.inspection.subject import subject_of

    return parse_address(request.paint.colour or "", subject_of(request.model))


def _values(request: Request, address: CellAddress) -> Iterator[tuple[str, float]]:
    """The prime and then the text, piece by piece, with what one cell shows after each."""
    from recurry.generation.sample import stream_with_states
    from recurry.inspection.colour import squash
    from recurry.inspection.recording import record

    prime = request.model.codec.encode(request.common["prime"])  # unknown symbols are refused
    with record(request.model, prime) as recording:
        values = recording.painted(address).tolist()
    yield from zip(recording.symbols.pieces, values, strict=True)
    for piece, state in stream_with_states(request.model, **request.common, **request.drawing):
        value = state[address.state][address.layer, 0, address.unit]
        yield piece, float(squash(value.cpu().numpy(), address.state))


def _write_many(request: Request, num_samples: int) -> None:
    """Write texts as they are completed, clearly apart; or all as one JSON object."""
    from recurry.generation.sample import generate_each

    texts = generate_each(
        request.model, **request.common, **request.drawing, num_samples=num_samples
    )
    if request.paint.as_json:
        found = list(texts)
        samples = [{"text": text} for text in found]
        known = {"prime": request.common["prime"], "seed": request.drawing["seed"]}
        click.echo(json.dumps(known | {"samples": samples}))
        _paint_texts(request, found)
        return
    written = []
    for number, text in enumerate(texts, start=1):
        if num_samples > 1:
            _write(f"{'' if number == 1 else chr(10)}──── sample {number} of {num_samples} ────\n")
        _show(text)
        written.append(text)
    _paint_texts(request, written)


def _search(request: Request, width: int) -> None:
    """Print the best text of a beam search, or all of them as JSON."""
    from recurry.generation.beam import beam_search

    beams: list[Beam] = beam_search(request.model, **request.common, width=width)
    if request.paint.as_json:
        found = {"prime": request.common["prime"], "beams": [asdict(beam) for beam in beams]}
        click.echo(json.dumps(found))
    else:
        _show(beams[0].text)
        nats = beams[0].log_probability
        click.echo(f"log-probability {nats:.2f} nats", err=True)
    _paint_texts(request, [beams[0].text])


def _paint_texts(request: Request, texts: list[str]) -> None:
    """Paint complete texts, if asked for."""
    if not request.paint.colour:
        return
    paintings = [
        replace(painting, title=f"sample {number}, {painting.title}")
        if len(texts) > 1
        else painting
        for number, text in enumerate(texts, start=1)
        for painting in _paint(request, text)
    ]
    show_paintings(paintings, request.paint)
    finish_painting(paintings, request.paint, model=request.model, title=_TITLE)


def _paint(request: Request, text: str) -> list[Painting]:
    from recurry.inspection.figure import paint_cells
    from recurry.inspection.recording import record

    with record(request.model, text) as recording:
        return paint_cells(recording, request.paint.colour or "")


def _show(text: str) -> None:
    _write(_shown(text))
    _end_line(text)


def _shown(text: str) -> str:
    """The text as it is, but for a terminal, which no model may steer."""
    from recurry.inspection.controls import printable

    return printable(text) if _is_terminal() else text


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _write(text: str) -> None:
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


def _end_line(text: str) -> None:
    """Nobody likes a prompt behind the text."""
    _write("" if text.endswith("\n") else "\n")


generate = click.Command(
    "generate",
    callback=_generate,
    help="Write text with MODEL, a model file or a run folder.\n\nThe same seed gives the same "
    "text, however many samples are written beside it.",
    params=[
        click.Argument(["model"]),
        click.Option(
            ["--prime"],
            default="",
            metavar="TEXT",
            help="Text to begin with; - reads it from standard input.",
        ),
        click.Option(
            ["--length"],
            default=500,
            show_default=True,
            metavar="N",
            help="Symbols to write: characters, bytes, words or tokens, as the model has them.",
        ),
        click.Option(
            ["--temperature"],
            type=float,
            metavar="T",
            help="Below 1 is bolder, above 1 more surprising, 0 takes the most probable symbol.  "
            "[default: 1]",
        ),
        click.Option(
            ["--top-k"], type=int, metavar="K", help="Draw from the K most probable symbols only."
        ),
        click.Option(
            ["--top-p"],
            type=float,
            metavar="P",
            help="Draw from the most probable symbols that together have probability P.",
        ),
        click.Option(
            ["--seed"], type=int, metavar="S", help="Another seed, another text.  [default: 0]"
        ),
        click.Option(
            ["--stop"],
            multiple=True,
            metavar="TEXT",
            help=r"End before this text; \n is a line end. May be given several times.",
        ),
        click.Option(
            ["--num-samples"], type=int, metavar="N", help="Texts to write.  [default: 1]"
        ),
        click.Option(
            ["--beam"],
            type=int,
            metavar="WIDTH",
            help="Search for the most probable text instead of drawing one.",
        ),
        *PAINT_OPTIONS,
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object at the end."),
    ],
)
