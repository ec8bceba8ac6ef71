"""The settings of training as small frozen records; every accepted key is used.

Comes in: the tables `training`, `window` or `batches`, `optimiser` and `schedule` of a run's TOML
file. Goes out: checked records. Options that contradict each other are errors, all reported at
once. May import pydantic only: nothing here loads torch.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Larger numbers are slips of the finger, and some would not fit into a float or a model file.
_MOST = 10**12
_MOST_EPOCHS = 100_000  # the updates of each are counted before the first
Count = Annotated[int, Field(ge=1, le=_MOST)]
CountOrZero = Annotated[int, Field(ge=0, le=_MOST)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
DecayRate = Annotated[float, Field(ge=0, lt=1)]

WITH_MOMENTUM = ("sgd", "rmsprop")
WITH_EPSILON = ("adagrad", "rmsprop", "adam", "adamw")
WITH_BETAS = ("rmsprop", "adam", "adamw")
BY_EPOCH = ("step", "exponential")
BY_UPDATE = ("cosine", "one_cycle")


class _Table(BaseModel):
    """A frozen table of settings whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _report_contradictions(self) -> "_Table":
        problems = self.contradictions()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def contradictions(self) -> list[str]:
        """What this table asks for that cannot be had together, one sentence each."""
        return []

    def _differs(self, *names: str) -> list[str]:
        """Those of the named settings that are not at their default."""
        fields = type(self).model_fields
        return [name for name in names if getattr(self, name) != fields[name].default]


class RecordTraining(_Table):
    """How long to train, and from where.

    Attributes:
        seed: Governs initial weights, dropout and the order of the data.
        epochs: Passes over the training data.
        patience: Evaluations in a row without a gain before training stops; 0 never stops early.
        evaluate_every: Updates between evaluations; 0 evaluates at the end of each epoch.
        averaging: Decay of an exponential average of the weights in [0, 1); validation and the
            model file use the average. 0 keeps the weights themselves.
        initial: Initial values of every matrix of the network, for instance "uniform(-0.1, 0.1)"
            or "normal(0.01)"; empty leaves each cell's own. Vectors keep their own values.
    """

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    epochs: Annotated[int, Field(ge=1, le=_MOST_EPOCHS)] = 10
    patience: CountOrZero = 0
    evaluate_every: CountOrZero = 0
    averaging: DecayRate = 0.0
    initial: str = ""


class TrainingConfig(RecordTraining):
    """The same for a text: on how many lanes, and what is minimised.

    Attributes:
        lanes: Contiguous pieces of the text that are read side by side, the batch size.
        loss: "mean" is the mean over all predicted symbols of a window, "sum" sums over its steps
            and takes the mean over lanes, as the classic recipes do.
    """

    lanes: Count = 32
    loss: Literal["mean", "sum"] = "mean"


class BatchConfig(_Table):
    """Which records make one update. Records of about the same length lie side by side.

    Attributes:
        records: Most records of a batch.
        steps: Most steps of a batch, padding included; a longer record is a batch of its own.
    """

    records: Count = 32
    steps: Count = 8192


class WindowConfig(_Table):
    """Truncated back-propagation through time.

    Attributes:
        k1: Steps between updates; the loss of an update counts these steps.
        k2: Steps that gradients flow back through, at least `k1`; None is `k1`.
        jitter: Standard deviation of random window lengths around `k1`, in steps. The learning
            rate is then scaled by length / k1. 0 makes all windows `k1` long.
        memory: `low` keeps less of long windows for the backward pass, in the order of the square
            root of their steps, and computes the rest again.

    Source: Williams and Peng 1990, BPTT(h; h'), with h' = k1 and h = k2; random lengths and the
        scaled rate as in Merity, Keskar and Socher 2017, section 5.
    """

    k1: Count = 64
    k2: Count | None = None
    jitter: NotNegative = 0.0
    memory: Literal["default", "low"] = "default"

    def contradictions(self) -> list[str]:
        """What this table asks for that cannot be had together, one sentence each."""
        problems = []
        if self.k2 is not None and self.k2 < self.k1:
            problems.append(
                f"k2 = {self.k2} is less than k1 = {self.k1}: gradients must flow through at "
                f"least the steps of one update; set k2 >= {self.k1} or leave it out"
            )
        if self.jitter > self.k1 / 2:
            problems.append(
                f"jitter = {self.jitter:g} is more than half of k1 = {self.k1}; "
                f"set it to at most {self.k1 / 2:g}"
            )
        return problems

    @property
    def history(self) -> int:
        """Steps before the counted ones that gradients flow through as well: k2 - k1."""
        return 0 if self.k2 is None else self.k2 - self.k1


class OptimiserConfig(_Table):
    """How gradients become updates; the algorithms are torch's own.

    Attributes:
        name: The algorithm.
        learning_rate: Peak learning rate.
        weight_decay: Decay of all weights: decoupled for "adamw", added to the gradient otherwise.
        momentum: For "sgd" and "rmsprop".
        betas: Decay rates of the first and second moment for "adam" and "adamw", by default
            (0.9, 0.999); for "rmsprop" the second is its smoothing constant, by default 0.99.
        epsilon: Added to the root in the denominator; for "adagrad" added under the root, as in
            the classic scripts. None is 1e-8.
        clip_norm: Largest Euclidean norm of all gradients together; larger ones are scaled down.
        clip_value: Largest absolute value of each component of a gradient.
    """

    name: Literal["sgd", "adagrad", "rmsprop", "adam", "adamw", "asgd"] = "adamw"
    learning_rate: Positive = 2e-3
    weight_decay: NotNegative = 0.0
    momentum: DecayRate = 0.0
    betas: tuple[DecayRate, DecayRate] | None = None
    epsilon: Positive | None = None
    clip_norm: Positive | None = None
    clip_value: Positive | None = None

    def contradictions(self) -> list[str]:
        """What this table asks for that cannot be had together, one sentence each."""
        problems = []
        if self.clip_norm is not None and self.clip_value is not None:
            problems.append("clip_norm and clip_value are both set; keep one of them")
        users = {"momentum": WITH_MOMENTUM, "betas": WITH_BETAS, "epsilon": WITH_EPSILON}
        problems += [
            f"{option} is not used by {self.name!r}, only by {_join(names)}; remove it"
            for option, names in users.items()
            if self.name not in names and self._differs(option)
        ]
        return problems


class ScheduleConfig(_Table):
    """How the learning rate moves; a function of the number of the update alone.

    Attributes:
        name: "constant"; "step", times `factor` every `every` epochs after `start` epochs;
            "exponential", the same decay without steps; "cosine", from the peak down to `final`;
            "one_cycle", up from 1/25 of the peak and down to `final` along half cosines.
        warmup: Fraction of all updates in which the rate rises, linearly from zero but for
            "one_cycle". None is 0.3 for "one_cycle" and 0 otherwise.
        final: Rate of the last update as a fraction of the peak ("cosine", "one_cycle").
        start: Epochs at the full rate ("step", "exponential").
        every: Epochs between two steps ("step") or for one `factor` ("exponential").
        factor: What a step multiplies the rate by ("step", "exponential").

    Source: "one_cycle" is torch.optim.lr_scheduler.OneCycleLR with its cosine annealing; "step"
        with start 4, every 1 and factor 0.5 is Zaremba, Sutskever and Vinyals 2014.
    """

    name: Literal["constant", "step", "exponential", "cosine", "one_cycle"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] | None = None
    final: Fraction = 0.0
    start: NotNegative = 0.0
    every: Positive = 1.0
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5

    def contradictions(self) -> list[str]:
        """What this table asks for that cannot be had together, one sentence each."""
        unused: list[tuple[str, tuple[str, ...]]] = []
        if self.name not in BY_EPOCH:
            unused += [(option, BY_EPOCH) for option in self._differs("start", "every", "factor")]
        if self.name not in BY_UPDATE:
            unused += [(option, BY_UPDATE) for option in self._differs("final")]
        return [
            f"{option} is not used by the schedule {self.name!r}, only by {_join(names)}; remove it"
            for option, names in unused
        ]

    @property
    def warmup_fraction(self) -> float:
        """The fraction of all updates in which the rate rises."""
        if self.warmup is not None:
            return self.warmup
        return 0.3 if self.name == "one_cycle" else 0.0


class TransferConfig(_Table):
    """What is taken over from elsewhere, and how gently it is trained.

    Attributes:
        embeddings: A file of word vectors with which the vectors of symbols begin.
        start_from: A model file or run folder with whose vectors and layers the model begins.
        freeze_embeddings: Whether the vectors that are taken over stay as they are.
        most_words: Most words of the source that join the vocabulary although the training part
            lacks them, the frequent ones first.
        unfreeze_epochs: Epochs after which the next part from above is trained as well: what is
            new from the start, then the highest layer, each layer below, the vectors. 0 trains
            all of them from the start.
        layer_rate: What the learning rate of each part is, as a fraction of that of the part
            above.

    Source: gradual unfreezing and rates by layer are those of Howard and Ruder 2018.
    """

    embeddings: str = ""
    start_from: str = ""
    freeze_embeddings: bool = False
    most_words: CountOrZero = 20_000
    unfreeze_epochs: NotNegative = 0.0
    layer_rate: Annotated[float, Field(gt=0, le=1)] = 1.0

    @property
    def source(self) -> str:
        """The path of what is taken over; empty is nothing."""
        return self.start_from or self.embeddings

    def contradictions(self) -> list[str]:
        """What this table asks for that cannot be had together, one sentence each."""
        problems = []
        if self.embeddings and self.start_from:
            problems.append(
                "embeddings and start_from are both set, and a model has vectors of its own; keep "
                "one of them"
            )
        if not self.source:
            problems += [
                f"{option} needs something that is taken over: set embeddings or start_from"
                for option in self._differs("freeze_embeddings", "layer_rate")
            ]
        if self.unfreeze_epochs and not self.start_from:
            problems.append("unfreeze_epochs needs the layers of a model: set start_from")
        return problems


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The tables of a training together.

    Attributes:
        training: How long, and what is minimised.
        optimiser: How gradients become updates.
        schedule: How the learning rate moves.
        window: Truncated back-propagation, for a text.
        batches: Which records make an update, for records.
    """

    training: RecordTraining
    optimiser: OptimiserConfig
    schedule: ScheduleConfig
    window: WindowConfig | None = None
    batches: BatchConfig | None = None

    def contradictions(self) -> list[str]:
        """What two tables ask for that cannot be had together, one sentence each."""
        if self.training.averaging > 0 and self.optimiser.name == "asgd":
            return [
                f"training.averaging = {self.training.averaging:g} and optimiser.name = 'asgd' "
                "both average the weights; keep one of them"
            ]
        return []


def _join(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(repr(name) for name in names[:-1]), repr(names[-1])])
