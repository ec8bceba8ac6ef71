"""The HTTP application: which address answers what.

Comes in: a `Viewing` and its events. Goes out: an ASGI application.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from typing import Any

from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from recurry.errors import EquationError, RecurryError, UsageError
from recurry.inspection.view import ViewOptions
from recurry.serving import text
from recurry.serving.answers import (
    Json,
    answer_error,
    answer_fault,
    error_answer,
    error_words,
    read_options,
)
from recurry.serving.events import EventHub
from recurry.serving.guard import DRAWING_POLICY, MOST_BYTES, Guard
from recurry.serving.output import render
from recurry.serving.palette import palette_css
from recurry.serving.passage import cut_passage
from recurry.serving.trial import Trial
from recurry.serving.viewing import Viewing
from recurry.serving.writing import take_step

PAGE = resources.files("recurry.serving") / "page"


def build_application(viewing: Viewing, events: EventHub, *, token: str | None = None) -> Guard:
    """The application that shows a model.

    Args:
        viewing: What is shown.
        events: What is told by itself.
        token: What every request must bring; None on loopback.
    """

    trial = Trial()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        events.close()
        await run_in_threadpool(trial.close)
        await run_in_threadpool(viewing.close)  # also where a signal ends the server

    app = Starlette(
        routes=_routes(_Desk(viewing, events, trial)),
        lifespan=lifespan,
        exception_handlers={RecurryError: answer_error, Exception: answer_fault, 404: _not_found},
    )
    return Guard(app, token=token)


def _routes(desk: _Desk) -> list[Route | Mount]:
    return [
        Route("/", desk.page),
        Route("/palette.css", desk.palette),
        Mount("/static", StaticFiles(directory=str(PAGE))),
        Route("/api/about", _answering(desk.about)),
        Route("/api/views", _answering(desk.views)),
        Route("/api/view/{name:str}", desk.view),
        Route("/api/events", desk.stream),
        Route("/api/text", desk.read, methods=["POST"]),
        Route("/api/record", desk.read_record, methods=["POST"]),
        Route("/api/trial", desk.start_trial, methods=["POST"]),
        Route("/api/trial/stop", desk.stop_trial, methods=["POST"]),
        Route("/api/trial/curves", _answering(desk.trial_curves)),
        Route("/api/reload", desk.reload, methods=["POST"]),
        Route("/api/write", desk.write, methods=["POST"]),
        *(Route(f"/api/{name}", _answering(desk.part(name))) for name in _PARTS),
    ]


# What pages ask for while somebody scrolls and points.
_PARTS: dict[str, tuple[Callable[..., Any], type[BaseModel]]] = {
    "text": (text.text_rows, text.RowsOptions),
    "place": (text.place, text.PlaceOptions),
    "steps": (text.step_facts, text.StepsOptions),
    "strips": (text.strips, text.StripsOptions),
    "named": (text.named_values, text.NamedOptions),
    "answer": (text.answer, ViewOptions),
}


_KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".csv": "text/csv",
    ".json": "application/json",
}


def _answering(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """An endpoint that computes beside the loop, so that no page waits for another's question."""

    async def endpoint(request: Request) -> Response:
        return Json(await run_in_threadpool(answer, request))

    return endpoint


class TrialOptions(ViewOptions):
    """A cell that is to be trained.

    Attributes:
        equations: Its equations.
        hidden_size: Number of units.
    """

    equations: str = Field(max_length=8000)
    hidden_size: int = Field(default=128, ge=1, le=512)


class RecordOptions(ViewOptions):
    """A record that is to be read.

    Attributes:
        record: From 1.
    """

    record: int = Field(ge=1)


class _Desk:
    """What each address answers."""

    def __init__(self, viewing: Viewing, events: EventHub, trial: Trial) -> None:
        self._viewing, self._events, self._trial = viewing, events, trial

    def page(self, _: Request) -> Response:
        """The page."""
        return Response((PAGE / "index.html").read_text(encoding="utf-8"), media_type="text/html")

    def palette(self, _: Request) -> Response:
        """The colours of painted text."""
        return Response(palette_css(), media_type="text/css")

    def about(self, _: Request) -> Any:
        """What is shown, and what is looked at first."""
        facts = self._viewing.about()
        if facts["layers"]:
            facts["selection"] = text.first_selection(self._viewing.shown)
        return facts

    def views(self, _: Request) -> Any:
        """All views, each with the module that draws it where there is one."""
        return [view | {"module": _module(view["name"])} for view in self._viewing.views()]

    def part(self, name: str) -> Callable[[Request], Any]:
        """What answers for a part of the text."""
        answer, kind = _PARTS[name]
        return lambda request: answer(self._viewing.shown, read_options(kind, request.query_params))

    async def read(self, request: Request) -> Response:
        """Let the model read another text."""
        sent = await read_body(request)
        given, name = sent.get("text"), sent.get("name", "your own text")
        if not isinstance(given, str) or not isinstance(name, str) or not given:
            raise UsageError("There is no text to read.", accepted="text and name, as JSON")
        passage = cut_passage(given, name[:200])
        await run_in_threadpool(self._viewing.read, passage)
        return Json(self._viewing.about())

    async def read_record(self, request: Request) -> Response:
        """Let the model read another record of the text."""
        options: RecordOptions = read_options(RecordOptions, await read_body(request))
        await run_in_threadpool(self._viewing.read_record, options.record)
        return Json(self._viewing.about())

    async def start_trial(self, request: Request) -> Response:
        """Train a cell for a minute beside the LSTM."""
        options: TrialOptions = read_options(TrialOptions, await read_body(request))
        start = partial(self._trial.start, options.equations, hidden_size=options.hidden_size)
        await run_in_threadpool(start)
        return Json({})

    async def stop_trial(self, _: Request) -> Response:
        """End what is being trained; the curves stay."""
        self._trial.stop()
        return Json({})

    def trial_curves(self, _: Request) -> Any:
        """The curves of what is being trained."""
        return self._trial.curves()

    async def reload(self, _: Request) -> Response:
        """Show the model as it is in its file now, reading the same text."""
        await run_in_threadpool(self._viewing.reopen)
        return Json(self._viewing.about())

    async def write(self, request: Request) -> Response:
        """The next step of a text that is being written."""
        sent = await read_body(request)
        return Json(await run_in_threadpool(take_step, self._viewing.shown, sent))

    def view(self, request: Request) -> Response:
        """What a view finds, as JSON, or as a file where the name has an ending."""
        name, _, ending = request.path_params["name"].partition(".")
        try:
            finding = self._viewing.finding(name, request.query_params)
        except EquationError as error:
            if ending:
                raise
            # Equations are wrong while somebody types them, which is no failure of the page.
            return Json({"problem": error_words(error)})
        return file_answer(finding, ending) if ending else Json(finding.to_json())

    async def stream(self, _: Request) -> Response:
        """Events, for as long as the page listens."""
        return StreamingResponse(self._events.stream(), media_type="text/event-stream")


def file_answer(finding: Any, ending: str) -> Response:
    """A finding as a picture or a table.

    Raises:
        UsageError: There is no such kind of file.
    """
    if f".{ending}" not in _KINDS:
        raise UsageError(
            "A view is no such kind of file.", got=f".{ending}", accepted=", ".join(_KINDS)
        )
    policy = {"content-security-policy": DRAWING_POLICY} if ending == "svg" else {}
    return Response(render(finding, f".{ending}"), media_type=_KINDS[f".{ending}"], headers=policy)


async def read_body(request: Request) -> dict[str, Any]:
    """The object that a page sent.

    Raises:
        UsageError: It is too large, or no JSON object.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise UsageError("That is too much at once.", accepted=f"up to {MOST_BYTES >> 20} MB")
        parts.append(part)
    try:
        value = json.loads(b"".join(parts))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UsageError("What was sent cannot be read.", accepted="a JSON object")
    return value


def _module(name: str) -> str | None:
    """Where the page finds the module of a view."""
    return f"/static/views/{name}.js" if (PAGE / "views" / f"{name}.js").is_file() else None


async def _not_found(request: Request, _: Exception) -> Response:
    if not request.url.path.startswith("/api/"):
        return PlainTextResponse("There is nothing here.", status_code=404)
    return error_answer(UsageError("There is no such address.", got=request.url.path))
