"""Where a user's regular expression matches a text, in bounded time.

Comes in: a pattern and a text. Goes out: the places of matches, or an error. Python's own engine
runs it in a process of its own, which is ended when it takes too long: some patterns need time
that grows exponentially with the text, and nothing inside a process can stop them.
"""

import json
import subprocess
import sys

import numpy as np

from recurry.errors import UsageError

LONGEST_PATTERN = 500
TIME_LIMIT_SECONDS = 2.0
MEMORY_BYTES = 1 << 30
_REFUSED = 3

# Spans go out as pairs of int64; a match of nothing marks no symbol and is left out.
_CHILD = """
import array, json, re, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
except (ImportError, ValueError, OSError):
    pass
pattern, text = json.load(sys.stdin)
spans = array.array("q")
try:
    for match in re.finditer(pattern, text):
        if match.end() > match.start():
            spans.extend(match.span())
except re.error as error:
    sys.stdout.write(str(error))
    sys.exit(3)
except (MemoryError, RecursionError, OverflowError):
    sys.exit(4)
sys.stdout.buffer.write(spans.tobytes())
"""


def find_pattern(
    pattern: str, text: str, *, limit_seconds: float = TIME_LIMIT_SECONDS
) -> np.ndarray:
    """Where a pattern matches, from left to right without overlap.

    Args:
        pattern: A regular expression in Python's form, of at most 500 characters.
        text: Where to look.
        limit_seconds: How long the search may take.

    Returns:
        Start and end of each match, (N, 2) int64.

    Raises:
        UsageError: The pattern is too long or not valid, or the search takes too long or too much
            memory.

    Example:
        >>> find_pattern("[0-9]+", "in 1813 and 1817").tolist()
        [[3, 7], [12, 16]]
    """
    if len(pattern) > LONGEST_PATTERN:
        raise UsageError(
            "The regular expression is too long.",
            got=f"{len(pattern):,} characters",
            accepted=f"at most {LONGEST_PATTERN}",
        )
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", _CHILD, str(MEMORY_BYTES)],
            input=json.dumps([pattern, text]).encode(),
            capture_output=True,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            "The regular expression takes too long.",
            got=f"more than {limit_seconds:g} s for {len(text):,} characters",
            hint="repetitions inside repetitions, such as (a+)+, make it slow; or a shorter text",
        ) from error
    if done.returncode == _REFUSED:
        raise UsageError(
            "This is no regular expression.",
            got=f"{pattern[:80]!r}: {done.stdout.decode(errors='replace')}",
            hint=r"write \( for a bracket and \. for a full stop",
        )
    if done.returncode:
        raise UsageError(
            "The regular expression needs too much memory.",
            got=repr(pattern[:80]),
            hint="smaller numbers of repetitions",
        )
    return np.frombuffer(done.stdout, dtype=np.int64).reshape(-1, 2)
