"""The verb `generate` for models that write texts of a class."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from recurry.errors import UsageError

_TASK = "conditional"
# What such a model is asked: the other options are for language models.
_OURS = ("class_name", "num_samples", "length", "temperature", "top_k", "top_p", "seed", "as_json")
_NOT_ASKED = (None, "", (), False, "auto")


def writes_by_class(model: Any) -> bool:
    """Whether a model writes texts of classes."""
    from recurry.tasks.find import find_task

    return hasattr(find_task(model.task), "write_of")


def refuse_class(model: Any, class_name: str | None) -> None:
    """Complain if a class is asked of a model that knows none.

    Raises:
        UsageError: One is.
    """
    if class_name is not None:
        raise UsageError(
            f"A model of the task {model.task} writes no texts of classes.",
            got=f"--class {class_name}",
            hint=f"leave it out, or a model made by recurry train {_TASK}",
        )


def generate_by_class(model: Any, values: Mapping[str, Any]) -> None:
    """Print new texts of a class, a line each, or all as one JSON object.

    Args:
        model: A model of a task that has `write`.
        values: The options of the verb by name; what is not given is None, empty or false.

    Raises:
        UsageError: No class is named, there is none of that name (the nearest are named), a number
            is out of range, or an option is for language models.
    """
    others = [
        name for name, value in values.items() if name not in _OURS and value not in _NOT_ASKED
    ]
    if others:
        raise UsageError(
            f"A model of the task {model.task} is asked for a class alone.",
            got=", ".join("--" + name.replace("_", "-") for name in others),
            hint="recurry predict, for the most probable text of a class"
            if others == ["beam"]
            else "leave it out",
        )
    names = model.knowledge.labels.names
    if values["class_name"] is None:
        raise UsageError(
            "Texts of which class? The model was not told.",
            accepted=", ".join(names[:40]) + (", ..." if len(names) > 40 else ""),
            hint=f"--class {names[0]}",
        )
    texts = _texts(model, values)
    if not values["as_json"]:
        for text in texts:
            click.echo(text)
        return
    learnt = model.knowledge.texts
    samples = [{"text": text, "is_new": text not in learnt} for text in texts]
    asked = {"class": values["class_name"], "seed": values["seed"] or 0}
    click.echo(json.dumps(asked | {"samples": samples}, ensure_ascii=False))


def _texts(model: Any, values: Mapping[str, Any]) -> list[str]:
    import torch

    from recurry.network.sampling import Sampling
    from recurry.tasks.find import find_task

    torch.set_num_threads(1)  # there is too little work in a single step to share it out
    count = 1 if values["num_samples"] is None else values["num_samples"]
    if count < 1:
        raise UsageError(
            "The number of texts is out of range.", got=str(count), accepted="1 or more"
        )
    limits = ("temperature", "top_k", "top_p")
    task: Any = find_task(model.task)
    return task.write_of(
        model,
        [values["class_name"]] * count,
        sampling=Sampling(**{name: values[name] for name in limits if values[name] is not None}),
        seed=values["seed"] or 0,
        length=values["length"],
    )
