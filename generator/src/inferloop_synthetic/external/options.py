"""The hyper-parameters of the engines that SDV and CTGAN learn, with the ranges that they accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inferloop_synthetic.errors import InputError

Width = int
Distribution = Literal["norm", "beta", "truncnorm", "uniform", "gamma"]


class EngineOptions(BaseModel):
    """What every one of these engines takes: how columns are prepared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    discrete_up_to: int = Field(10, ge=0, le=1000, description="A number column with at most so many values is a category.")
    most_categories: int = Field(
        200, ge=2, le=100_000, description="Categories kept apart in a column; the rarest beyond are drawn by their shares."
    )

    OWN: ClassVar[frozenset[str]] = frozenset({"discrete_up_to", "most_categories"})

    def for_library(self) -> dict[str, Any]:
        """Return the arguments of the library's own class."""
        return {name: value for name, value in self.model_dump().items() if name not in self.OWN}


class GaussianCopulaOptions(EngineOptions):
    """SDV's Gaussian copula."""

    default_distribution: Distribution = Field("beta", description="The family that every number column is fitted with.")


class _NetworkOptions(EngineOptions):
    epochs: int = Field(300, ge=1, le=100_000, description="Times that the whole table is gone through.")
    batch_size: int = Field(500, ge=20, le=1_000_000, description="Rows of one step.")
    embedding_dim: int = Field(128, ge=1, le=4096, description="Random numbers that a row is made of.")
    enable_gpu: bool = Field(True, description="Use a GPU when there is one.")


class TvaeOptions(_NetworkOptions):
    """SDV's variational autoencoder."""

    compress_dims: tuple[Width, ...] = Field((128, 128), description="Widths of the encoder's layers.")
    decompress_dims: tuple[Width, ...] = Field((128, 128), description="Widths of the decoder's layers.")
    l2scale: float = Field(1e-5, ge=0, le=1, description="Weight decay.")
    loss_factor: float = Field(2, gt=0, le=1000, description="Weight of the reconstruction error.")


class CtganOptions(_NetworkOptions):
    """CTGAN, by itself."""

    generator_dim: tuple[Width, ...] = Field((256, 256), description="Widths of the generator's layers.")
    discriminator_dim: tuple[Width, ...] = Field((256, 256), description="Widths of the discriminator's layers.")
    generator_lr: float = Field(2e-4, gt=0, le=1, description="The generator's learning rate.")
    generator_decay: float = Field(1e-6, ge=0, le=1, description="The generator's weight decay.")
    discriminator_lr: float = Field(2e-4, gt=0, le=1, description="The discriminator's learning rate.")
    discriminator_decay: float = Field(1e-6, ge=0, le=1, description="The discriminator's weight decay.")
    discriminator_steps: int = Field(1, ge=1, le=100, description="Steps of the discriminator for one of the generator.")
    log_frequency: bool = Field(True, description="Ask for rare categories more often than they occur.")
    pac: int = Field(10, ge=1, le=100, description="Rows that the discriminator judges together.")

    @model_validator(mode="after")
    def _divisible(self) -> CtganOptions:
        if self.batch_size % self.pac or self.batch_size % 2:
            raise ValueError(f"batch_size {self.batch_size} must be even and a multiple of pac {self.pac}")
        return self


class CopulaganOptions(CtganOptions):
    """SDV's CopulaGAN: CTGAN on columns that were made normal first."""

    default_distribution: Distribution = Field("beta", description="The family that every number column is fitted with.")


def read_options(kind: type[EngineOptions], given: Mapping[str, Any], engine: str) -> EngineOptions:
    """Return the options; raises InputError naming the one that is wrong."""
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                lines.append(f"engine {engine}: there is no option {name!r}; there are {', '.join(kind.model_fields)}")
            else:
                lines.append(f"engine {engine}: {name or 'options'}: {problem['msg'].removeprefix('Value error, ')}")
        raise InputError("\n".join(lines)) from error
