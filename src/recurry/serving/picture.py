"""Drawings as PNG.

Comes in: SVG. Goes out: the bytes of a picture. Needs the extra `look`.
"""

from recurry.errors import MissingExtra


def to_png(svg: str, *, width: int = 1600) -> bytes:
    """A drawing as the bytes of a PNG file.

    Args:
        svg: The drawing.
        width: In pixels; the height follows.

    Raises:
        MissingExtra: resvg is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise MissingExtra("A picture as PNG", package="resvg-py", extra="look") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width))
