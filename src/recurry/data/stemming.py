"""Stems of words by the Snowball stemmers.

Comes in: a language and words. Goes out: stems. Source: https://snowballstem.org.
"""

from collections.abc import Callable

from recurry.errors import unknown_name


def languages() -> tuple[str, ...]:
    """The languages that can be stemmed; "porter" is Porter's first English stemmer."""
    import snowballstemmer

    return tuple(snowballstemmer.algorithms())


def stemmer(language: str) -> Callable[[str], str]:
    """A function from a lower-case word to its stem.

    Raises:
        UsageError: The language is unknown; the nearest ones are offered.
    """
    import snowballstemmer

    if language not in languages():
        raise unknown_name("stemming language", language, known=languages())
    return snowballstemmer.stemmer(language).stemWord
