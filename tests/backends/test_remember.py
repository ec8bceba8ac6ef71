"""Results are found again for the same plan and flags, and the memory is bounded."""

from recurry.backends import remember
from recurry.backends.remember import once_a_plan
from recurry.cells import cell


def test_once_for_each_plan_and_flag(monkeypatch):
    calls: list[tuple] = []

    @once_a_plan
    def work(plan, flag: bool = False) -> int:
        """Count."""
        calls.append((plan, flag))
        return len(calls)

    rnn, gru = cell("rnn").plan, cell("gru").plan
    assert [work(rnn), work(rnn), work(gru), work(rnn, True), work(rnn)] == [1, 1, 2, 3, 1]
    assert work.__doc__ == "Count."
    monkeypatch.setattr(remember, "MAX_REMEMBERED", 3)
    assert work(gru, True) == 4
    assert work(rnn) == 5
