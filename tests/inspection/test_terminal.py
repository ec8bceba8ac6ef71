"""Painted text in a terminal."""

import re

import numpy as np
import pytest

from recurry.inspection.colour import contrast
from recurry.inspection.terminal import (
    colour_depth,
    cube_colour,
    legend,
    paint,
    paint_all,
)


def strip(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_both_ink_and_background_are_set_and_reset():
    painted = paint("a", 1.0)
    assert re.fullmatch(r"\x1b\[38;2;255;255;255;48;2;178;24;43ma\x1b\[0m", painted)


def test_no_background_runs_over_a_line_end():
    painted = paint("ab\ncd\n", -1.0)
    for line in painted.split("\n")[:-1]:
        assert line.endswith("\x1b[0m")
    assert strip(painted) == "ab \ncd \n"


def test_painting_keeps_the_text():
    pieces = ["To ", "be", ", or\n", "", "not"]
    painted = paint_all(pieces, np.linspace(-1, 1, 5))
    assert strip(painted).replace(" \n", "\n") == "To be, or\nnot"


def test_256_colours_run_from_blue_to_red_and_can_be_read():
    grounds = []
    for value in np.linspace(-1, 1, 65):
        painted = paint("a", float(value), depth="256")
        front, back = re.fullmatch(r"\x1b\[38;5;(16|231);48;5;(\d+)ma\x1b\[0m", painted).groups()
        grounds.append(cube_colour(int(back)))
        assert contrast(cube_colour(int(front)), grounds[-1]) >= 4.5
    assert len(set(grounds)) == 13
    assert grounds[0][2] > grounds[0][0] + 80
    assert grounds[-1][0] > grounds[-1][2] + 80
    assert grounds[32] == (238, 238, 238)


@pytest.mark.parametrize("depth", ["256", "truecolor"])
def test_what_the_model_does_not_know_is_underlined(depth):
    painted = paint_all(["a", "?\n?"], [0.0, 1.0], is_known=[True, False], depth=depth)
    known, *unknown = painted.replace("\n", "").split("\x1b[0m")[:-1]
    assert "\x1b[4m" not in known
    assert all("\x1b[4m?" in line for line in unknown)
    assert paint("?", 0.0, is_known=False, depth="none") == "?"
    assert strip(legend(depth, has_unknown=True)).endswith("underlined: unknown to the model")
    assert "underlined" not in legend(depth)


def test_no_colours_is_plain_text():
    assert paint("a\tb\n", 1.0, depth="none") == "a\tb\n"


def test_control_characters_cannot_steer_the_terminal():
    assert "\x1b[2J" not in paint("\x1b[2J", 0.0)


@pytest.mark.parametrize(
    ("environment", "is_terminal", "depth"),
    [
        ({"COLORTERM": "truecolor"}, True, "truecolor"),
        ({"TERM": "xterm-256color"}, True, "256"),
        ({"COLORTERM": "truecolor"}, False, "none"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, True, "none"),
        ({"TERM": "dumb"}, True, "none"),
    ],
)
def test_depth_follows_the_customs(environment, is_terminal, depth):
    assert colour_depth(environment, is_terminal=is_terminal) == depth


@pytest.mark.parametrize("depth", ["none", "256", "truecolor"])
def test_the_legend_is_one_line_from_minus_one_to_one(depth):
    shown = strip(legend(depth))
    assert "-1" in shown
    assert "1" in shown[-4:] or "red" in shown
    assert "\n" not in shown
