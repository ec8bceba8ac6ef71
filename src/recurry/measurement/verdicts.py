"""Figures as they are found: for a terminal, as plain values, and as a table for the documentation.

Comes in: figures and a session. Goes out: lines, or plain values. Imports figures, session, table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from recurry.measurement.figures import Figure, Wanted
from recurry.measurement.row import Row, record
from recurry.measurement.session import Session, machine_facts, machine_line, restlessness
from recurry.measurement.table import duration, missing, write_ceilings, write_facts

_ANSWERS = {True: "reached", False: "NOT REACHED", None: "not measured"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found of a figure.

    Args:
        figure: What is wanted.
        row: What was measured.
    """

    figure: Figure
    row: Row

    @property
    def answers(self) -> list[tuple[Wanted, float | None, bool | None]]:
        """For each limit, what was found and whether that reaches it."""
        return [(w, w.found(self.row), w.is_reached(self.row)) for w in self.figure.wanted]


def measure_figures(figures: Iterable[Figure], session: Session) -> Iterator[Verdict]:
    """One figure after another."""
    for figure in figures:
        yield Verdict(figure=figure, row=figure.measure(session))


def write_figures(verdicts: Iterable[Verdict], session: Session) -> Iterator[str]:
    """The table as it grows, and a count."""
    yield from session.head()
    found: list[Verdict] = []
    for verdict in verdicts:
        found.append(verdict)
        yield from write_facts(verdict.row)
        for wanted, value, is_reached in verdict.answers:
            shown = "" if value is None else f"{value:.3g}"
            yield f"    {wanted!s:<22} found {shown:<8} {_ANSWERS[is_reached]}"
    yield ""
    yield from missing([verdict.row for verdict in found])
    yield summary(found)
    yield machine_line()


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many limits are reached."""
    answers = [answer for verdict in verdicts for _, _, answer in verdict.answers]
    counts = [f"{answers.count(answer)} {text.lower()}" for answer, text in _ANSWERS.items()]
    return ", ".join(counts)


def write_markdown(verdicts: Iterable[Verdict], session: Session) -> Iterator[str]:
    """The table of the documentation, a line for each limit."""
    yield f"Measured on {machine_line()}."
    yield ""
    yield "| what | cell | T,B,I,H | type, pass | time | of bound, limit | wanted | found | |"
    yield "|---|---|---|---|---|---|---|---|---|"
    found = []
    for verdict in verdicts:
        found.append(verdict)
        row = verdict.row
        time = "" if row.time_ms is None else duration(row.time_ms)
        bound = f"{row.of_bound:.2f} {row.limiter}" if row.of_bound else ""
        facts = (verdict.figure.title, row.cell, row.shape, f"{row.precision} {row.kind}")
        for wanted, value, is_reached in verdict.answers:
            shown = "" if value is None else f"{value:.3g}"
            answer = _ANSWERS[is_reached].lower()
            yield f"| {' | '.join((*facts, time, bound, str(wanted), shown, answer))} |"
    yield ""
    yield f"{summary(found)}. The machine at best:"
    yield ""
    yield "```text"
    yield from write_ceilings(session.ceilings)
    yield from filter(None, [restlessness()])
    yield "```"


def as_record(verdicts: Iterable[Verdict], session: Session) -> dict[str, Any]:
    """Everything as plain values."""
    figures = [
        record(verdict.row)
        | {
            "title": verdict.figure.title,
            "wanted": [
                {"what": wanted.what, "limit": wanted.limit, "found": value, "is_reached": answer}
                for wanted, value, answer in verdict.answers
            ],
        }
        for verdict in verdicts
    ]
    return {**machine_facts(), "ceilings": asdict(session.ceilings), "figures": figures}
