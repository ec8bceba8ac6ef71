"""Numbers from -1 to 1 as colours from blue over white to red, with ink that can be read on them.

Comes in: arrays. Goes out: levels, colours, inks. Imports NumPy.

The scales are diverging ones of Cynthia Brewer (colorbrewer2.org, RdBu and PuOr), which people
who see red and green alike can read, and one of greys. Their ink is black or white, whichever
contrasts more: at least 4.5 to 1 everywhere (the limit of WCAG 2 AA).
"""

from functools import cache

import numpy as np

# Odd, so that 0 has a level of its own, which is white.
NUM_LEVELS = 65

Colour = tuple[int, int, int]

# Name -> stops from -1 to 1 on light pages and on dark ones, whose middle is the page's own colour.
SCALES = {
    "red-blue": (
        (0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B),
        (0x63B3F5, 0x3F8AC9, 0x2A6093, 0x1F3F5E, 0x18212A, 0x55302B, 0x8F4136, 0xC95B49, 0xFF8570),
    ),
    "orange-purple": (
        (0x542788, 0x8073AC, 0xB2ABD2, 0xD8DAEB, 0xF7F7F7, 0xFEE0B6, 0xFDB863, 0xE08214, 0xB35806),
        (0xB79CF0, 0x8C6FCB, 0x5F4994, 0x393057, 0x18212A, 0x4A3512, 0x85590F, 0xC58218, 0xFFB547),
    ),
    "grey": (
        (0x101010, 0x383838, 0x5C5C5C, 0x7F7F7F, 0x9C9C9C, 0xB5B5B5, 0xCECECE, 0xE7E7E7, 0xFFFFFF),
        (0x000000, 0x202020, 0x404040, 0x606060, 0x808080, 0xA0A0A0, 0xC0C0C0, 0xE0E0E0, 0xFFFFFF),
    ),
}
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def squash(values: np.ndarray, state: str) -> np.ndarray:
    """What is painted of a state's values: h as it is, cut off at -1 and 1, else tanh."""
    return np.clip(values, -1, 1) if state == "h" else np.tanh(values)


def levels(values: np.ndarray) -> np.ndarray:
    """Level 0 (for -1, blue) to 64 (for 1, red) of each value; 32 is white."""
    cut = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), -1, 1)
    return np.rint((cut + 1) / 2 * (NUM_LEVELS - 1)).astype(np.int64)


@cache
def palette(scale: str = "red-blue", *, is_dark: bool = False) -> tuple[Colour, ...]:
    """The colour of each level.

    Args:
        scale: `red-blue`, `orange-purple`, or `grey` for those who see no colours.
        is_dark: For a dark page.
    """
    wanted = SCALES[scale][is_dark]
    stops = np.array([[stop >> 16, stop >> 8 & 255, stop & 255] for stop in wanted])
    places = np.linspace(0, len(wanted) - 1, NUM_LEVELS)
    channels = [np.interp(places, np.arange(len(wanted)), stops[:, c]) for c in range(3)]
    return tuple((int(r), int(g), int(b)) for r, g, b in np.rint(np.stack(channels, axis=1)))


def ink(background: Colour) -> Colour:
    """Black or white, whichever can be read better on a background."""
    return max((_BLACK, _WHITE), key=lambda colour: contrast(colour, background))


def contrast(first: Colour, second: Colour) -> float:
    """The contrast of two colours, 1 to 21.

    Source: WCAG 2.2, definition of contrast ratio.
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    shares = (part / 255 for part in colour)
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
