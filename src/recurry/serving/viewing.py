"""What the page shows: one model, one text, and what was found of them.

Comes in: where the model is, a text. Goes out: the model's session, kept findings, facts for the
page. Imports inspection, runs and the views.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock, Thread
from typing import Any
from weakref import WeakSet

from recurry.artefact.model_file import FILE_NAME
from recurry.errors import RecurryError, RunError, UsageError
from recurry.inspection.memo import Memo
from recurry.inspection.recording import Recording, start_recording
from recurry.inspection.saturation import gates_of, signed_of
from recurry.inspection.session import Session
from recurry.inspection.subject import Kind, Subject, open_subject
from recurry.inspection.view import Finding, View
from recurry.runs.log import LOG_NAME
from recurry.serving.answers import error_words, read_options
from recurry.serving.passage import Passage, fitted
from recurry.serving.views import all_views, find_view

Publish = Callable[[str, Any], None]

_MOST_KEPT = 64  # findings
_LOOK_SECONDS = 1.0
_TELL_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A model that has read, or is reading, a text.

    Attributes:
        session: The model and the recording.
        passage: The text.
        version: Counts texts and models; a page asks again when it has changed.
    """

    session: Session
    passage: Passage
    version: int

    @property
    def subject(self) -> Subject:
        """The model."""
        return self.session.subject

    @property
    def recording(self) -> Recording:
        """What it had in mind."""
        assert self.session.recording is not None
        return self.session.recording


class Viewing:
    """A model that is looked at, from before it is there to the last page that shows it.

    Args:
        path: A model file, a TOML file that names the parts of a foreign model, or a run folder,
            which may have no model yet.
        passage: Gives the text to read for a model.
        publish: Tells all open pages of an event.
    """

    def __init__(
        self, path: Path, *, passage: Callable[[Subject], Passage], publish: Publish
    ) -> None:
        self.path, self._passage, self._publish = path, passage, publish
        self.run_folder = path if path.is_dir() else _run_of(path)
        self._shown: Shown | None = None
        self._problem: RecurryError | None = None
        self._recordings: WeakSet[Recording] = WeakSet()
        self._findings = Memo(most=_MOST_KEPT)
        self._lock, self._version, self._is_closed = RLock(), 0, False
        self._opened = 0.0  # when the model that is shown was written

    @property
    def model_path(self) -> Path:
        """Where the model is, or will be."""
        return self.path / FILE_NAME if self.path.is_dir() else self.path

    @property
    def shown(self) -> Shown:
        """The model and its text.

        Raises:
            RecurryError: There is no model yet, or it could not be opened.
        """
        shown = self._shown
        if shown is not None:
            return shown
        if self._problem is not None:
            raise self._problem
        raise UsageError(
            "There is no model to look into yet.",
            where=str(self.path),
            got="a run without a model" if not self.model_path.exists() else "a model being read",
            hint="the view Training shows the run; the others come by themselves",
        )

    def start(self) -> None:
        """Watch in the background: open the model as soon as there is one, tell what a run logs."""
        if self._shown is None:
            Thread(target=self._wait_and_open, name="recurry look", daemon=True).start()
        if self.run_folder is not None:
            Thread(target=self._watch_run, name="recurry run", daemon=True).start()

    def open(self) -> None:
        """Open the model as it is now and begin to read the text.

        Raises:
            RecurryError: There is no model, it is damaged, or one cannot look into it.
        """
        made = _made(self.model_path)
        subject = open_subject(self.model_path)
        passage = self._passage(subject)
        self._opened = made  # first, so that nobody offers the model on show as a newer one
        self._show(subject, passage)

    def reopen(self) -> None:
        """Open the model as it is now, and let it read the same text.

        Raises:
            RecurryError: There is no model, or it is damaged.
        """
        passage, made = self.shown.passage, _made(self.model_path)
        self._show(open_subject(self.model_path), passage)
        self._opened = made
        self._tell_model(made)

    def read(self, passage: Passage) -> None:
        """Let the model read another text."""
        self._show(self.shown.subject, passage)

    def read_record(self, record: int) -> None:
        """Let the model read another record of the same text.

        Raises:
            UsageError: There is no such record, or the model reads running text.
        """
        shown = self.shown
        self._show(shown.subject, fitted(shown.passage, shown.subject, record))

    def close(self) -> None:
        """End everything that works in the background."""
        self._is_closed = True
        for recording in list(self._recordings):
            recording.close()

    def finding(self, name: str, query: Mapping[str, str]) -> Finding:
        """What a view finds, computed once for the same options.

        Raises:
            RecurryError: There is no such view, an option is wrong, or there is no model.
        """
        view = find_view(name)
        options = read_options(view.Options, query)
        session, version = self._session(name)
        key = (version, name, options.model_dump_json())
        return self._findings.get(
            key, lambda: view.compute(session, options), is_kept=name not in _LIVE
        )

    def about(self) -> dict[str, Any]:
        """What the head of the page says, and what views need to know of the model."""
        shown = self._shown
        facts: dict[str, Any] = {
            "version": self._version,
            "has_run": self.run_folder is not None,
            "run": str(self.run_folder or ""),
            "title": shown.subject.title if shown else None,
            "layers": [],
            "problem": {"what": self._problem.what} if self._problem else None,
        }
        if shown is None:
            return facts
        recording, passage = shown.recording, shown.passage
        return facts | {
            "kind": shown.subject.kind,
            "text": passage.title(recording.symbols),
            "record": passage.record,
            "records": None if passage.record is None else len(passage.records),
            "num_symbols": len(recording.symbols),
            "painted": recording.painted_state,
            "names": list(recording.names),
            "states": list(shown.subject.layers[0].cell.states),
            "gates": list(gates_of(shown.subject.layers[0].cell.graph)),
            "signed": list(signed_of(shown.subject.layers[0].cell.graph)),
            "layers": [
                {
                    "index": layer.index,
                    "direction": layer.direction,
                    "label": layer.label,
                    "hidden_size": layer.hidden_size,
                }
                for layer in shown.subject.layers
            ],
        }

    def views(self) -> list[dict[str, Any]]:
        """Every view: its words, its options, and why it cannot be shown if it cannot."""
        kind = self._shown.subject.kind if self._shown else None
        return [_describe(view, kind) for view in all_views()]

    def _session(self, name: str) -> tuple[Session, int]:
        """The session that a view reads; the run of a model that is not there yet has one too."""
        if self._shown is None and name in _LIVE and self.run_folder is not None:
            return Session(None, None, run_folder=self.run_folder), self._version  # type: ignore[arg-type]
        shown = self.shown
        return shown.session, shown.version

    def _show(self, subject: Subject, passage: Passage) -> None:
        passage = fitted(passage, subject)
        recording = start_recording(subject, passage.part)
        session = Session(subject, recording, run_folder=self.run_folder)
        with self._lock:
            if self._shown is not None:
                self._shown.recording.stop()  # its files go with the last request that reads them
            self._recordings.add(recording)
            self._version += 1
            self._shown = Shown(session=session, passage=passage, version=self._version)
            self._problem = None
            self._findings.clear()
        self._publish("about", {"version": self._version})
        Thread(target=self._tell, args=(recording,), name="recurry progress", daemon=True).start()

    def _tell(self, recording: Recording) -> None:
        """Tell the pages how far the text has been read."""
        total = len(recording.symbols)
        try:
            while not self._is_closed:
                is_done = recording.wait(timeout_s=_TELL_SECONDS)
                if self._shown is None or self._shown.recording is not recording:
                    return
                progress = {"done": recording.length, "length": total, "is_finished": is_done}
                self._publish("recording", progress)
                if is_done:
                    return
        except RecurryError as error:
            if self._shown is not None and self._shown.recording is recording:
                self._problem = error
                self._publish("problem", error.what)

    def _wait_and_open(self) -> None:
        """Open the model once there is one; one that is damaged, again when it has changed."""
        tried = 0.0
        while not self._is_closed and self._shown is None:
            if (made := _made(self.model_path)) != tried:
                tried = made
                try:
                    self.open()
                except Exception as error:
                    self._problem = _as_problem(error)
                    self._publish("about", {"version": self._version})
            time.sleep(_LOOK_SECONDS)

    def _watch_run(self) -> None:
        """Tell the pages when the log of the run has grown, and when there is a newer model."""
        assert self.run_folder is not None
        log, model = self.run_folder / LOG_NAME, self.model_path
        size, told = _size(log), self._opened
        while not self._is_closed:
            time.sleep(_LOOK_SECONDS)
            if (now := _size(log)) != size:
                size = now
                self._publish("training", {"bytes": size})
            if self._shown is not None and (made := _made(model)) not in (told, self._opened):
                told = made
                self._tell_model(made)

    def _tell_model(self, made: float) -> None:
        """Tell the pages when the newest model was written, and when the one that is shown."""
        self._publish("model", {"made": made, "shown": self._opened})


def _describe(view: View, kind: Kind | None) -> dict[str, Any]:
    """A view in words, and why it is not for a model of a kind, if it is not."""
    problem = view.kinds.problem(kind) if kind else None
    return {
        "name": view.name,
        "title": view.title,
        "caption": view.caption,
        "options": view.Options.model_json_schema(),
        "problem": error_words(problem) if problem else None,
    }


def _as_problem(error: Exception) -> RecurryError:
    """Words for what went wrong in the background, where nobody would see a trace."""
    if isinstance(error, RecurryError):
        return error
    return RunError(
        "The model could not be opened, which is a fault of Recurry.",
        got=f"{type(error).__name__}: {error}"[:500],
        hint="please report it, with the output of recurry doctor",
    )


def _made(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# Views that show what changes by itself, so nothing of them is kept.
_LIVE = frozenset({"training"})


def _run_of(path: Path) -> Path | None:
    """The run folder that a model file lies in."""
    return path.parent if (path.parent / "run.toml").is_file() else None
