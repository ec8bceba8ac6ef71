"""Numbers from -1 to 1 as colours from blue over white to red, with ink that can be read on them.

Comes in: arrays. Goes out: levels, colours, inks. Imports NumPy.

The scale is the diverging red-blue one of Cynthia Brewer (colorbrewer2.org, RdBu), which people
who see red and green alike can read. Its ink is black or white, whichever contrasts more: at
least 4.5 to 1 everywhere (the limit of WCAG 2 AA).
"""

from functools import cache

import numpy as np

# Odd, so that 0 has a level of its own, which is white.
NUM_LEVELS = 65

Colour = tuple[int, int, int]

_STOPS = (0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B)
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def squash(values: np.ndarray, state: str) -> np.ndarray:
    """What is painted of a state's values: h as it is, cut off at -1 and 1, else tanh."""
    return np.clip(values, -1, 1) if state == "h" else np.tanh(values)


def levels(values: np.ndarray) -> np.ndarray:
    """Level 0 (for -1, blue) to 64 (for 1, red) of each value; 32 is white."""
    cut = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), -1, 1)
    return np.rint((cut + 1) / 2 * (NUM_LEVELS - 1)).astype(np.int64)


@cache
def palette() -> tuple[Colour, ...]:
    """The colour of each level."""
    stops = np.array([[stop >> 16, stop >> 8 & 255, stop & 255] for stop in _STOPS])
    places = np.linspace(0, len(_STOPS) - 1, NUM_LEVELS)
    channels = [np.interp(places, np.arange(len(_STOPS)), stops[:, c]) for c in range(3)]
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
