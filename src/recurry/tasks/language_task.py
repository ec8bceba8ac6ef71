"""The language model as a task: windows of one long text, scored in nats a symbol.

Comes in: settings, or the description in a model file. Goes out: prepared texts and models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, ClassVar

import torch
from pydantic import BaseModel

from recurry.compiler.cell import Cell
from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.known import Known
from recurry.data.prepare import Prepared, load_prepared, prepare
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork, expected_shapes
from recurry.tasks.anatomy import Anatomy, Stack, Table
from recurry.tasks.language import LanguageModel
from recurry.tasks.names import LANGUAGE, SYMBOLS
from recurry.tasks.scoring import Scores, score
from recurry.tasks.task import Pace, Settings


class LanguageTask:
    """Predict the next symbol of a text."""

    name: ClassVar[str] = LANGUAGE
    kind: ClassVar[str] = "language model"
    preset: ClassVar[str] = "laptop"
    pace: ClassVar[Pace] = "windows"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {"data": DataConfig, "network": NetworkConfig}
    parts: ClassVar[tuple[str, ...]] = ("network", "dropout", "codec")

    def prepare(self, settings: Settings, folder: Path, known: Known | None = None) -> Prepared:
        """The text as symbol numbers.

        Symbols of a model join the vocabulary. Words of a file of vectors do not: a model that
        could write them would have to learn from this text that it never should.
        """
        config = settings["data"]
        assert isinstance(config, DataConfig)
        is_model = known is not None and known.is_model
        return prepare(config, folder, known if is_model else None)

    def load_prepared(self, folder: Path) -> Prepared:
        """The same, without looking at the text."""
        return load_prepared(folder)

    def build(
        self, settings: Settings, prepared: Prepared, *, cell: str, seed: int
    ) -> LanguageModel:
        """A network over the symbols of the text."""
        config, dropout = settings["network"], settings["dropout"]
        assert isinstance(config, NetworkConfig)
        assert isinstance(dropout, Dropout)
        model = LanguageModel.build(
            network_config=config.model_copy(update={"cell": cell}),
            codec=prepared.codec,
            dropout=dropout,
            seed=seed,
        )
        return replace(model, network_config=config)

    def anatomy(self, model: LanguageModel) -> Anatomy:
        """Vectors of symbols, layers, the scores of symbols."""
        network, symbols = model.network, model.codec.vocabulary
        embedding, head = network.embedding, network.head
        tables = (
            () if embedding is None else (Table.of(model.codec, embedding.weight, role="writes"),)
        )
        one_hot = symbols if embedding is None else None
        return Anatomy(
            tables=tables,
            stacks=(Stack(role="writes", layers=network.recurrent, vocabulary=one_hot),),
            answers=symbols.symbols,
            head=(head.bias,) if head.weight is None else (head.weight, head.bias),
        )

    def units(self, settings: Settings) -> str:
        """What a symbol is."""
        config = settings["data"]
        assert isinstance(config, DataConfig)
        return config.tokens

    def loss_unit(self, settings: Settings) -> str:
        """A symbol."""
        return SYMBOLS[self.units(settings)]

    def score(self, model: LanguageModel, data: Any) -> Scores:
        """Nats and bits a symbol."""
        return score(model, data)

    def validate(self, model: LanguageModel, data: Any) -> Scores:
        """The same."""
        return score(model, data)

    def pictures(self, model: LanguageModel, data: Any) -> Mapping[str, str]:
        """None: the learning curves say it all."""
        return {}

    def describe(self, model: LanguageModel) -> dict[str, Any]:
        """Sizes, rates and how text becomes symbols."""
        return {
            "network": model.network_config.model_dump(mode="json") | {"cell": model.cell.name},
            "dropout": model.dropout.model_dump(mode="json"),
            "codec": _without_folders(model.codec.to_dict()),
        }

    def blueprint(self, cell: Cell, description: Mapping[str, Any]) -> "LanguageBlueprint":
        """The model that a file describes."""
        return LanguageBlueprint(
            cell=cell,
            config=NetworkConfig.model_validate(description["network"]),
            dropout=Dropout.model_validate(description["dropout"]),
            codec=Codec.from_dict(description["codec"]),
        )


@dataclass(frozen=True, kw_only=True)
class LanguageBlueprint:
    """A language model without its weights."""

    cell: Cell
    config: NetworkConfig
    dropout: Dropout
    codec: Codec

    @property
    def precision(self) -> str:
        """The precision of its network."""
        return self.config.precision

    @property
    def num_layers(self) -> int:
        """The number of its layers."""
        return self.config.num_layers

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of every weight."""
        return expected_shapes(self.cell, self.config, num_symbols=self.codec.num_symbols)

    def make(self, scores: Mapping[str, float], provenance: Mapping[str, Any]) -> LanguageModel:
        """The model; orthogonal weights would cost seconds, so all are zeros."""
        blank = replace(self.cell, initial=dict.fromkeys(self.cell.parameters, "zeros"))
        with torch.random.fork_rng(devices=[]):
            network = SymbolNetwork(
                blank, self.config, dropout=self.dropout, num_symbols=self.codec.num_symbols
            )
        network.recurrent.cell = self.cell
        return LanguageModel(
            cell=self.cell,
            network_config=self.config,
            dropout=self.dropout,
            codec=self.codec,
            network=network,
            scores=scores,
            provenance=provenance,
        )


def _without_folders(codec: dict[str, Any]) -> dict[str, Any]:
    """Names of the training text stay; where it lay on somebody's disk is nobody's business."""
    data = dict(codec["data"])
    data["paths"] = [PurePath(path).name or path for path in data["paths"]]
    for part in ("validation", "test"):
        if isinstance(data[part], str):
            data[part] = PurePath(data[part]).name
    return codec | {"data": data}
