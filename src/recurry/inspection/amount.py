"""Numbers as people say them.

Comes in: numbers. Goes out: words.
"""


def shorten_number(number: float) -> str:
    """A number with three figures: 950, 12.3 k, 1.6 M.

    Example:
        >>> shorten_number(1_600_000)
        '1.6 M'
    """
    for size, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.9995 * size:  # which three figures make a whole one
            return f"{number / size:.3g}{sign}"
    return f"{number:.3g}"


def count(number: int, one: str, *, many: str = "") -> str:
    """A number with what it counts: 1 class, 65 symbols.

    Args:
        number: The number.
        one: What one of them is called.
        many: What several are called; with an s behind it when not given.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
