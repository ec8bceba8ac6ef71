"""`recurry doctor`: what this installation is and can do, for a look or for a bug report."""

from __future__ import annotations

import json
import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version

import click

PACKAGES = (
    "torch",
    "numpy",
    "llvmlite",
    "safetensors",
    "click",
    "rich",
    "pydantic",
    "snowballstemmer",
    "jaxtyping",
)
EXTRAS = {
    "tokenizers": "text",
    "tensorboardX": "log",
    "jax": "bench",
    "onnx": "bench",
    "onnxruntime": "bench",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def doctor(as_json: bool) -> None:
    """Print versions, processor, memory, devices, extras and the free disk space here.

    No file names, user names or environment variables are printed, so the text can go into a
    bug report as it is.
    """
    facts = _facts()
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for section, rows in facts.items():
        click.secho(section, bold=True)
        for name, value in rows.items():
            click.echo(f"  {name:<18}{value}")


def _facts() -> dict[str, dict[str, str]]:
    """Section -> name -> value, in the order of the table."""
    return {
        "recurry": {"version": version("recurry"), "backends": _backends()},
        "machine": _machine(),
        "packages": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
        "extras": {name: _extra(name, extra) for name, extra in EXTRAS.items()},
        "devices": _devices(),
    }


def _backends() -> str:
    from recurry.backends import BACKENDS

    return ", ".join(backend.name for backend in BACKENDS)


def _machine() -> dict[str, str]:
    free = shutil.disk_usage(".").free / 1e9
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(_usable_processors()),
        "memory": _memory(),
        "disk free here": f"{free:.1f} GB",
    }


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not every system knows these names
        return "unknown"
    return f"{size / 2**30:.1f} GiB"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _extra(package: str, extra: str) -> str:
    found = _version(package)
    return found if found != "not installed" else f"not installed: pip install 'recurry[{extra}]'"


def _devices() -> dict[str, str]:
    import torch

    rows = {
        "cpu": f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads",
        "cuda": "none",
    }
    if torch.cuda.is_available():
        rows["cuda"] = ", ".join(
            torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())
        )
    return rows
