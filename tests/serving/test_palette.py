"""Colours as a style sheet."""

import re

from recurry.inspection.colour import NUM_LEVELS, SCALES, contrast, ink, palette
from recurry.serving.palette import palette_css


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
