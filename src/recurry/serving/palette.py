"""The colours of painted text as a style sheet, for light and dark pages.

Comes in: the scales of `inspection.colour`. Goes out: CSS, one class a level.
"""

from functools import cache

from recurry.inspection.colour import NUM_LEVELS, SCALES, Colour, ink, palette


@cache
def palette_css() -> str:
    """A class `v0` to `v64` for each level; the page's attribute `data-scale` picks a scale."""
    return "".join(_rule(name, level) for name in SCALES for level in range(NUM_LEVELS))


def _rule(scale: str, level: int) -> str:
    first = scale == next(iter(SCALES))
    page = "" if first else f':root[data-scale="{scale}"] '
    light, dark = (palette(scale, is_dark=is_dark)[level] for is_dark in (False, True))
    back = f"light-dark({_hex(light)},{_hex(dark)})"
    front = f"light-dark({_hex(ink(light))},{_hex(ink(dark))})"
    return f"{page}.v{level}{{background-color:{back};color:{front}}}\n"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
