"""Control characters as pictures, so that no text can steer a terminal or disturb a page.

Comes in: text. Goes out: text.
"""

_PICTURES = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
_PICTURES |= {0x7F: "␡"} | dict.fromkeys(range(0x80, 0xA0), "\ufffd")


def printable(text: str) -> str:
    """The text with a picture for every control character but line ends and tabs.

    Example:
        >>> printable("bell \\a and escape \\x1b")
        'bell ␇ and escape ␛'
    """
    return text.translate(_PICTURES)
