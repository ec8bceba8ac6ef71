"""The learning rate as a pure function of the number of the update, so it has no state to save.

Comes in: the table `schedule` and where training stands. Goes out: a factor of the peak rate.
"""

import math

from recurry.training.configuration import ScheduleConfig

# The first rate of one_cycle as a fraction of the peak: torch.optim.lr_scheduler.OneCycleLR.
_ONE_CYCLE_START = 1 / 25


def learning_rate_factor(
    config: ScheduleConfig, *, update: int, num_updates: int, epochs: float
) -> float:
    """What the peak learning rate is multiplied by at one update.

    Args:
        config: The schedule.
        update: Number of the update, from 0.
        num_updates: Updates of the whole training.
        epochs: Passes over the text that lie before this update, with their fraction.
    """
    warm_updates = config.warmup_fraction * num_updates
    if config.name == "one_cycle":
        return _one_cycle(config, update=update, num_updates=num_updates, warm_updates=warm_updates)
    warm = min(1.0, (update + 1) / warm_updates) if warm_updates > 0 else 1.0
    if config.name == "cosine":
        progress = _progress(update, begin=warm_updates, end=float(num_updates - 1))
        return warm * _half_cosine(1.0, config.final, progress=progress)
    if config.name == "step":
        return warm * config.factor ** _steps_taken(config, math.floor(epochs))
    if config.name == "exponential":
        return warm * config.factor ** max(0.0, (epochs - config.start) / config.every)
    return warm


def _steps_taken(config: ScheduleConfig, epoch: int) -> int:
    """Epoch numbers count from 0, so the first epoch after `start` full ones has one step."""
    return 0 if epoch < config.start else 1 + math.floor((epoch - config.start) / config.every)


def _one_cycle(
    config: ScheduleConfig, *, update: int, num_updates: int, warm_updates: float
) -> float:
    peak = warm_updates - 1
    if update < peak:
        return _half_cosine(_ONE_CYCLE_START, 1.0, progress=update / peak)
    progress = _progress(update, begin=peak, end=float(num_updates - 1))
    return _half_cosine(1.0, config.final, progress=progress)


def _progress(update: int, *, begin: float, end: float) -> float:
    """How far an update lies between two others, from 0 to 1."""
    return min(1.0, max(0.0, (update - begin) / (end - begin))) if end > begin else 1.0


def _half_cosine(first: float, last: float, *, progress: float) -> float:
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * progress))
