"""How a training ended, in words.

Comes in: the state of a training that makes no more updates. Goes out: a sentence, or nothing.
"""

from recurry.training.state import TrainingState


def ending(state: TrainingState, *, was_finished: bool) -> str:
    """Why a training has ended where that is worth knowing, and what makes it longer.

    Args:
        state: That of its last update.
        was_finished: Whether there was no update left to make when the run was opened.

    Returns:
        A sentence; empty where all updates were just made.
    """
    training, reason = state.recipe.training, ""
    if state.is_ended_early:
        unit = "evaluations" if training.evaluate_every else "epochs"
        reason = f"ended early: no better for {training.patience} {unit} (training.patience)"
    if not was_finished:
        return reason
    if reason:
        return f"this run had {reason}; a new one with --set training.patience=0 makes all updates"
    return (
        f"this run had made all its {state.num_updates:,} updates; --epochs N makes more, where "
        "its schedule allows it"
    )
