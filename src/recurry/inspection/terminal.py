"""Painted text for a terminal.

Comes in: pieces of text and values from -1 to 1. Goes out: text with colour codes.
Imports `colour` and `controls`.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np

from recurry.inspection.colour import NUM_LEVELS, Colour, ink, levels, palette
from recurry.inspection.controls import printable

Depth = Literal["none", "256", "truecolor"]

_RESET, _UNDERLINE = "\x1b[0m", "\x1b[4m"
# Colours 16 to 231 of 256 are a cube of these steps, 232 to 255 are greys.
_STEPS = (0, 95, 135, 175, 215, 255)
# The nearest colours of the cube would jump in hue; these, chosen by eye, run from blue to red.
_RAMP = (25, 32, 74, 117, 153, 189, 255, 224, 217, 216, 209, 167, 124)


def colour_depth(environment: Mapping[str, str], *, is_terminal: bool) -> Depth:
    """How many colours a terminal shows, by the customs of the environment variables.

    Args:
        environment: For instance `os.environ`; NO_COLOR, TERM and COLORTERM are read.
        is_terminal: Whether a person's terminal is at the other end.
    """
    if not is_terminal or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return "none"
    return richest_depth(environment)


def richest_depth(environment: Mapping[str, str]) -> Depth:
    """24-bit colour where the terminal says that it has it, else 256 colours."""
    return "truecolor" if environment.get("COLORTERM") in ("truecolor", "24bit") else "256"


def paint(text: str, value: float, *, is_known: bool = True, depth: Depth = "truecolor") -> str:
    """A piece of text on the background of its value; line ends are painted as one blank.

    One that the model does not know is underlined.
    """
    shown = printable(text)
    if depth == "none":
        return shown
    code = _codes(depth)[int(levels(np.array(value)))] + ("" if is_known else _UNDERLINE)
    lines = shown.replace("\t", "    ").split("\n")
    painted = [f"{code}{line} {_RESET}\n" for line in lines[:-1]]
    return "".join(painted) + (f"{code}{lines[-1]}{_RESET}" if lines[-1] else "")


def paint_all(
    pieces: Sequence[str],
    values: Iterable[float],
    *,
    is_known: Iterable[bool] | None = None,
    depth: Depth = "truecolor",
) -> str:
    """Pieces of text, each on the background of its value; unknown ones are underlined."""
    known = [True] * len(pieces) if is_known is None else is_known
    return "".join(
        paint(piece, value, is_known=bool(is_one), depth=depth)
        for piece, value, is_one in zip(pieces, values, known, strict=True)
    )


def legend(depth: Depth = "truecolor", *, has_unknown: bool = False) -> str:
    """The scale from -1 to 1, and what is underlined if anything is, one line without its end."""
    if depth == "none":
        return "blue -1 ... 0 ... +1 red"
    steps = np.linspace(-1, 1, 33)
    scale = "-1 " + "".join(paint(" ", value, depth=depth) for value in steps) + " +1"
    return scale + f"   {_UNDERLINE}underlined{_RESET}: unknown to the model" * has_unknown


@cache
def _codes(depth: Depth) -> tuple[str, ...]:
    """For each level, the code that sets ink and background."""
    if depth == "truecolor":
        return tuple(_true_code(colour) for colour in palette())
    places = (level * len(_RAMP) // NUM_LEVELS for level in range(NUM_LEVELS))
    return tuple(_ramp_code(_RAMP[place]) for place in places)


def _true_code(colour: Colour) -> str:
    front, back = (";".join(map(str, part)) for part in (ink(colour), colour))
    return f"\x1b[38;2;{front};48;2;{back}m"


def _ramp_code(number: int) -> str:
    front = 16 if ink(cube_colour(number)) == (0, 0, 0) else 231
    return f"\x1b[38;5;{front};48;5;{number}m"


def cube_colour(number: int) -> Colour:
    """The colour that a terminal shows for a number from 16 to 255."""
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    red, rest = divmod(number - 16, 36)
    return _STEPS[red], _STEPS[rest // 6], _STEPS[rest % 6]
