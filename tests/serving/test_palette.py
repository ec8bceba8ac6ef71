"""Colours as a style sheet."""

import itertools
import re

import numpy as np
import pytest

from recurry.inspection.colour import NUM_LEVELS, SCALES, contrast, ink, palette
from recurry.serving.application import PAGE
from recurry.serving.palette import palette_css

# How people who lack one kind of cones see linear red, green and blue. Source: Machado, Oliveira
# and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency".
SIGHT = {
    "all cones": np.eye(3),
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Linear red, green and blue of sRGB as X, Y and Z, each as a share of that of white.
XYZ = np.array([[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8728]])


def test_every_scale_has_every_level_for_light_and_dark_pages():
    css = palette_css()
    assert len(css.splitlines()) == len(SCALES) * NUM_LEVELS
    for name in list(SCALES)[1:]:
        assert css.count(f'data-scale="{name}"') == NUM_LEVELS
    first = palette()[0]
    assert re.match(rf"\.v0{{background-color:light-dark\(#{bytes(first).hex()},", css)


def test_ink_can_be_read_on_every_colour():
    for name in SCALES:
        for is_dark in (False, True):
            for colour in palette(name, is_dark=is_dark):
                assert contrast(ink(colour), colour) >= 4.5


def css_colours(name, *, is_dark):
    """The colours of the style sheet whose variables have this name."""
    found = re.findall(
        rf"--{name}: light-dark\(#(\w{{6}}), #(\w{{6}})\)",
        (PAGE / "style.css").read_text(),
    )
    return [tuple(bytes.fromhex(pair[is_dark])) for pair in found]


def lab(colour, sight):
    """A colour in CIELAB, as somebody with this sight sees it."""
    shares = np.array(colour) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    white = XYZ @ np.clip(np.array(sight) @ linear, 0, 1)
    x, y, z = np.where(white > 0.008856, np.cbrt(white), 7.787 * white + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("sight", SIGHT)
def test_lines_are_told_apart_by_everybody(sight, is_dark):
    seen = [lab(colour, SIGHT[sight]) for colour in css_colours(r"series-\d", is_dark=is_dark)]
    assert len(seen) == 8
    for one, other in itertools.combinations(seen[:6], 2):
        assert np.linalg.norm(one - other) >= 15
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) >= 10


@pytest.mark.parametrize("is_dark", [False, True])
def test_lines_are_seen_on_the_page(is_dark):
    for back in ("paper", "back"):
        (page,) = css_colours(back, is_dark=is_dark)
        for colour in css_colours(r"series-\d", is_dark=is_dark):
            assert contrast(colour, page) >= 3  # for what is drawn, WCAG 2.2, 1.4.11
