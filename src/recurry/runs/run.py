"""A run: a folder in which a model is trained, and from which training goes on after any stop.

Comes in: settings, or the folder of an earlier run. Goes out: the folder, filled, and a
`Progress` after each update. All files of a run are written here and in this folder's modules.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurry.artefact import durable
from recurry.artefact.checkpoint import save_checkpoint
from recurry.artefact.model_file import FILE_NAME, load_model, save_model
from recurry.errors import Interrupted, RunError, TrainingError
from recurry.runs.configuration import RunConfig, recipe_tables
from recurry.runs.ending import ending
from recurry.runs.events import EventWriter
from recurry.runs.folder import (
    CHECKPOINTS,
    draw_curves,
    model_scores,
    new_data,
    old_data,
    open_new,
    open_old,
    provenance,
    resume_command,
    run_network,
)
from recurry.runs.lock import RunLock
from recurry.runs.log import RunLog
from recurry.runs.memory import memory_errors
from recurry.runs.restore import (
    check_settings,
    environment,
    fixed_settings,
    newest_checkpoint,
    restore,
)
from recurry.runs.signals import StopRequest
from recurry.runs.sources import begin_transfer, find_groups, find_source
from recurry.tasks.find import find_task
from recurry.tasks.language import LanguageModel
from recurry.tasks.task import AnyModel, AnyPrepared, AnyScores
from recurry.training.data import TrainingData
from recurry.training.fit import Progress, fit
from recurry.training.state import TrainingState

Notify = Callable[[str], None]


def start(config: RunConfig, folder: str | Path, *, notify: Notify | None = None) -> Run:
    """Begin a new run: its folder, its settings, its prepared data, a fresh model.

    Args:
        config: All settings; relative paths are taken from the working folder.
        folder: Where the run lies; made if it is not there, and must be empty if it is.
        notify: Is told in plain sentences what takes a while or is worth knowing.

    Returns:
        A run whose `train` does the work.

    Raises:
        RunError: The folder is not empty or cannot be written, or another process trains there.
        DataError: The text cannot be used as it is.
        UsageError: Settings contradict each other or name what does not exist.
    """
    folder = Path(folder)
    config, lock = open_new(folder, config)
    return _open(folder, config, new_data, lock=lock, notify=notify or _say_nothing)


def resume(folder: str | Path, *, epochs: int | None = None, notify: Notify | None = None) -> Run:
    """Take up a run where its newest whole checkpoint stands, with the same bits.

    Args:
        folder: A folder made by `start`.
        epochs: A larger number of epochs than the run was begun with; None keeps it.
        notify: Is told in plain sentences what takes a while or is worth knowing.

    Raises:
        RunError: There is no run, none of its checkpoints is whole, its text has changed, or
            another process trains there.
        UsageError: `epochs` cannot be changed to this.
    """
    folder = Path(folder)
    config, lock = open_old(folder, epochs=epochs)
    return _open(folder, config, old_data, lock=lock, notify=notify or _say_nothing)


@dataclass(kw_only=True)
class Run:
    """A run folder with everything in memory that its next update needs.

    Attributes:
        folder: Where the run lies.
        config: Its settings.
        model: The model as it is being trained; the best so far is in `model_path`.
        prepared: Its data as numbers.
        state: The training state.
    """

    folder: Path
    config: RunConfig
    model: AnyModel
    prepared: AnyPrepared
    state: TrainingState
    _data: TrainingData
    _lock: RunLock
    _log: RunLog
    _notify: Notify
    _transfer: Mapping[str, Any] | None
    _saved_update: int

    @property
    def model_path(self) -> Path:
        """The model file: the best model so far by validation."""
        return self.folder / FILE_NAME

    def train(self) -> Generator[Progress, None, None]:
        """Train to the end, keeping the folder up to date.

        Ctrl-C, SIGTERM and SIGHUP finish the update, save and raise `Interrupted`; leaving the
        loop early saves as well.

        Yields:
            One `Progress` after each update.

        Raises:
            Interrupted: A signal came; everything is saved and the message says how to go on.
            TrainingError: The loss is no longer a number, or the memory is used up; earlier
                checkpoints are kept.
            RunError: The disk refused; earlier checkpoints are kept.
        """
        was_finished = self.state.is_finished
        try:
            with (
                EventWriter(self.folder, config=self.config, update=self.state.update) as events,
                StopRequest(self._notify) as stop,
                memory_errors(),
            ):
                yield from self._train(events, stop)
            if said := ending(self.state, was_finished=was_finished):
                self._notify(said)
            self._finish()
        except GeneratorExit:
            if not sys.is_finalizing():  # too late to import what saving needs
                self._save()
            raise
        except TrainingError as error:
            raise self._explain(error) from error
        except RunError as error:
            raise self._with_way_on(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Close the log and let other processes in; a second call does nothing."""
        self._log.close()
        self._lock.release()

    def best_model(self) -> Any:
        """The model in `model_path`, read back."""
        return load_model(self.model_path)

    def _train(self, events: EventWriter, stop: StopRequest) -> Iterator[Progress]:
        last_save = time.monotonic()
        for progress in fit(self.model, self._data, self.state):
            self._log.take(progress)
            events.take(progress)
            if progress.is_best and progress.validation is not None:
                self._save_model(progress.validation)
            if progress.validation is not None:
                self._log.flush()
                draw_curves(self.folder, self.config)
            if time.monotonic() - last_save >= self.config.report.checkpoint_seconds:
                self._save()
                last_save = time.monotonic()
            yield progress
            if stop.is_set and not self.state.is_finished:
                self._save()
                raise self._interrupted()

    def _save(self) -> None:
        """Write a checkpoint, unless the newest is of this very update, or weights that are no
        numbers would take the place of good ones."""
        if self.state.update == self._saved_update or not self.state.has_finite_weights:
            return
        tensors, record = self.state.snapshot()
        save_checkpoint(
            self.folder / CHECKPOINTS,
            update=self.state.update,
            tensors=tensors,
            record={
                "training": record,
                "log": self._log.record(),
                "data_key": self.prepared.key,
                "settings": fixed_settings(self.config, self.model),
                "environment": environment(),
                **({"transfer": self._transfer} if self._transfer else {}),
            },
        )
        self._saved_update = self.state.update
        if not self.model_path.exists():  # before the first evaluation: better this than nothing
            self._save_model(None)

    def _save_model(self, validation: AnyScores | None) -> None:
        scores = model_scores(validation, None, update=self.state.update)
        origin = provenance(self.config, self.prepared, (self._transfer or {}).get("origin"))
        with self.state.averaged_weights():
            save_model(self.model.with_scores(scores).with_provenance(origin), self.model_path)

    def _finish(self) -> None:
        self._save()
        if self._data.validation is None:  # nothing to choose by: the last weights are the model
            self._save_model(None)
        elif self.state.best == math.inf:  # no evaluation gave a number, or its model
            with self.state.averaged_weights():  # was lost: then the last weights, with scores
                found = self.state.course.validate()
            self._save_model(found)
        self._log.flush()
        draw_curves(self.folder, self.config)
        best, test, task = self.best_model(), self.prepared.test, find_task(self.config.task)
        if test is not None and "test_loss_nats" not in best.scores:
            self._notify("scoring the test part ...")
            found = model_scores(None, task.score(best, test), update=None)
            save_model(best.with_scores({**best.scores, **found}), self.model_path)
        held_out = test if test is not None else self._data.validation
        if held_out is not None:
            for name, picture in task.pictures(best, held_out).items():
                durable.write_file(self.folder / name, picture.encode())

    def _interrupted(self) -> Interrupted:
        update, total = self.state.update, self.state.num_updates
        return Interrupted(
            f"Stopped after update {update:,} of {total:,}; everything is saved in {self.folder}.",
            hint=resume_command(self.folder),
        )

    def _with_way_on(self, error: RunError) -> RunError:
        hint = f"{error.hint or 'mend that'}, then {resume_command(self.folder)}"
        return RunError(
            error.what, where=error.where, got=error.got, accepted=error.accepted, hint=hint
        )

    def _explain(self, error: TrainingError) -> TrainingError:
        """The error with what has been kept, and a way on."""
        if self._saved_update < 0:  # the weights are those of the last good update
            self._save()
        kept = []
        if self._saved_update >= 0:
            kept.append(f"the checkpoint of update {self._saved_update:,}")
        if self.model_path.exists():
            kept.append(f"the model {self.model_path}")
        hint = f"a new run with {error.hint}" if error.hint else None
        return TrainingError(
            error.what,
            where=f"{self.folder}; kept: {' and '.join(kept) or 'nothing'}",
            got=error.got,
            accepted=error.accepted,
            hint=hint,
        )


def train_language_model(
    text: str | Path | list[str | Path],
    *,
    run: str | Path | None = None,
    preset: str = "laptop",
    overrides: dict[str, Any] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> LanguageModel:
    """Train a character or word model in one call.

    Args:
        text: A path or several; or the text itself, told from a path by its line breaks or length.
        run: The run folder to make; None uses a temporary folder that is removed afterwards.
        preset: The settings to begin with, see `recurry train --help`.
        overrides: Single settings by dotted name, for instance {"training.epochs": 3}.
        on_progress: Is called after each update.

    Returns:
        The best model by validation.

    Raises:
        DataError: The text cannot be used as it is.
        UsageError: Settings do not exist or contradict each other.
        RunError: The run folder is not empty or cannot be written.
        TrainingError: The loss is no longer a number.
        Interrupted: A signal came, Ctrl-C for instance; what is in `run` can be resumed.
    """
    from recurry.runs.configuration import load_config
    from recurry.runs.front import run_folder, text_paths

    with run_folder(run) as folder, text_paths(text) as paths:
        settings = dict(overrides or {}) | {"data.paths": paths}
        work = start(load_config(preset, overrides=settings), folder)
        for progress in work.train():
            if on_progress is not None:
                on_progress(progress)
        return work.best_model()


def _open(
    folder: Path,
    config: RunConfig,
    find_data: Callable[..., AnyPrepared],
    *,
    lock: RunLock,
    notify: Notify,
) -> Run:
    """What `start` and `resume` share: a run that has no checkpoint yet begins at update 0."""
    try:
        swept = durable.sweep(folder) + durable.sweep(folder / CHECKPOINTS)
        if swept:
            notify(f"removed what an interrupted write left behind: {', '.join(swept)}")
        source = find_source(config.transfer)
        prepared = find_data(folder, config, notify=notify, source=source)
        for line in prepared.notes:
            notify(line)
        model = run_network(folder, config, prepared)
        checkpoint = newest_checkpoint(folder, notify)
        record = {} if checkpoint is None else checkpoint.record
        if source and checkpoint is None:
            record = {"transfer": begin_transfer(source, model, notify)}
        has_validation = len(prepared.validation) > 0
        data = TrainingData(
            train=prepared.train, validation=prepared.validation if has_validation else None
        )
        state = TrainingState.begin(
            model,
            data,
            **recipe_tables(config.tables),
            groups=find_groups(config.transfer, model, record.get("transfer")),
        )
        if checkpoint is not None:
            settings = fixed_settings(config, model)
            check_settings(folder, settings, then=checkpoint.record["settings"])
            restore(folder, state, checkpoint, prepared=prepared, notify=notify)
        logged = dict(checkpoint.record["log"]) if checkpoint else None
        log = RunLog(folder, every=config.report.log_every, record=logged)
        if not log.is_whole:
            notify("log.jsonl is shorter than it was: the learning curves will have a gap")
    except BaseException:
        lock.release()
        raise
    return Run(
        folder=folder,
        config=config,
        model=model,
        prepared=prepared,
        state=state,
        _data=data,
        _lock=lock,
        _log=log,
        _notify=notify,
        _transfer=record.get("transfer"),
        _saved_update=checkpoint.update if checkpoint else -1,
    )


def _say_nothing(text: str) -> None:
    pass
