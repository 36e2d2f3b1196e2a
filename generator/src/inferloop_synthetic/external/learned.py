"""What SDV and CTGAN learn, as arrays, and how rows are drawn from it.

A Gaussian copula draws correlated normals and looks each up in a table of its column's inverse distribution (Nelsen, An
Introduction to Copulas, 2006). The networks are those of Xu et al., Modeling Tabular Data using Conditional GAN, 2019: noise (and
for CTGAN a wanted category) goes through dense layers; a number column comes out as a place within one of several normals, a
category as the chances of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inferloop_synthetic.external.frames import Frame
from inferloop_synthetic.tabular.arrays import AnyArray, Floats, Ints, Singles

TABLE_END = 6.0
"""Tables of inverse distributions reach so many standard deviations to each side."""


class Learned(Protocol):
    """Something that frames can be drawn from."""

    @property
    def block(self) -> int:
        """Rows that are drawn together; whole blocks only are drawn."""
        ...

    def draw(self, blocks: int, rng: np.random.Generator) -> Frame:
        """Return a frame of so many blocks."""
        ...


@dataclass(frozen=True)
class CopulaColumn:
    """One column of a copula; `levels` and `edges` (the end of each level's interval in 0 to 1) for categories."""

    name: str
    levels: Ints
    edges: Floats


@dataclass(frozen=True)
class Copula:
    """A Gaussian copula with tabulated inverse distributions, at equally spaced places from -6 to 6."""

    columns: tuple[CopulaColumn, ...]
    root: Floats
    """A square root of the correlation matrix: columns x columns."""
    tables: Floats
    """Columns x knots."""

    @property
    def block(self) -> int:
        """Rows do not depend on each other."""
        return 1

    def draw(self, blocks: int, rng: np.random.Generator) -> Frame:
        """Return a frame of `blocks` rows."""
        return self.read(rng.standard_normal((blocks, len(self.columns))) @ self.root.T)

    def read(self, normal: Floats) -> Frame:
        """Return the frame that correlated normals (rows x columns) stand for."""
        numbers: dict[str, Floats] = {}
        categories: dict[str, Ints] = {}
        for k, column in enumerate(self.columns):
            value = look_up(self.tables[k], normal[:, k])
            if len(column.levels):
                place = np.searchsorted(column.edges, np.clip(value, 0, 1), side="left")
                categories[column.name] = column.levels[np.minimum(place, len(column.levels) - 1)]
            else:
                numbers[column.name] = value
        return Frame(tuple(c.name for c in self.columns), numbers, categories)


def look_up(table: Floats, normal: Floats) -> Floats:
    """Return the values that a table holds at these places, with straight lines between its knots."""
    place = np.clip((normal + TABLE_END) * ((len(table) - 1) / (2 * TABLE_END)), 0, len(table) - 1)
    knot = np.minimum(place.astype(np.int64), len(table) - 2)
    within = place - knot
    return np.asarray(table[knot] * (1 - within) + table[knot + 1] * within)


@dataclass(frozen=True)
class Layer:
    """A dense layer; a residual one is normalised over its block, rectified, and hands on its input too."""

    weight: Singles
    bias: Singles
    residual: bool
    rectified: bool
    gain: Singles
    shift: Singles
    epsilon: float


@dataclass(frozen=True)
class NetworkColumn:
    """One column of a network's output: a number as a place within one of several normals, or a category."""

    name: str
    levels: Ints
    mean: Floats
    spread: Floats
    sigma: float
    """How far a number's place is scattered afterwards."""
    table: Floats
    """Inverse distribution that the number is looked up in; empty for none."""

    @property
    def width(self) -> int:
        """Outputs of the network that this column takes."""
        return len(self.levels) or 1 + len(self.mean)


@dataclass(frozen=True)
class Network:
    """The part of CTGAN, CopulaGAN or TVAE that makes rows."""

    columns: tuple[NetworkColumn, ...]
    layers: tuple[Layer, ...]
    noise: int
    block_rows: int
    wanted_share: Floats
    """How often each category is asked for; empty where none is."""
    random_pick: bool
    """Whether categories are drawn by their chances (CTGAN), or the likeliest is taken (TVAE)."""

    @property
    def block(self) -> int:
        """The rows that layers are normalised over: those of one training batch, as CTGAN does."""
        return self.block_rows

    def draw(self, blocks: int, rng: np.random.Generator) -> Frame:
        """Return a frame of so many blocks."""
        rows = blocks * self.block_rows
        entry = rng.standard_normal((rows, self.noise), np.float32)
        if len(self.wanted_share):
            wanted = np.zeros((rows, len(self.wanted_share)), np.float32)
            picked = np.searchsorted(np.cumsum(self.wanted_share), rng.random(rows), side="right")
            wanted[np.arange(rows), np.minimum(picked, len(self.wanted_share) - 1)] = 1
            entry = np.concatenate([entry, wanted], 1)
        return self.read(self.forward(entry, self.block_rows), rng)

    def forward(self, entry: Singles, block: int) -> Singles:
        """Return the network's output for rows of noise (and wanted categories), normalised over blocks of rows."""
        value = entry
        for layer in self.layers:
            out = value @ layer.weight.T + layer.bias
            if layer.residual:
                out = _normalised(out.reshape(-1, block, out.shape[1]), layer).reshape(out.shape)
                value = np.concatenate([np.maximum(out, 0), value], 1)
            else:
                value = np.maximum(out, 0) if layer.rectified else out
        return value

    def read(self, outcome: Singles, rng: np.random.Generator | None) -> Frame:
        """Return the frame that the network's output stands for; without a random stream, the likeliest."""
        numbers: dict[str, Floats] = {}
        categories: dict[str, Ints] = {}
        at = 0
        for column in self.columns:
            part = outcome[:, at : at + column.width]
            at += column.width
            if len(column.levels):
                categories[column.name] = column.levels[self._pick(part, rng)]
                continue
            place = np.tanh(part[:, 0]).astype(float)
            if column.sigma and rng is not None:
                place = place + column.sigma * rng.standard_normal(len(place))
            mode = self._pick(part[:, 1:], rng)
            value = np.clip(place, -1, 1) * column.spread[mode] + column.mean[mode]
            numbers[column.name] = look_up(column.table, value) if len(column.table) else value
        return Frame(tuple(c.name for c in self.columns), numbers, categories)

    def _pick(self, chances: Singles, rng: np.random.Generator | None) -> AnyArray:
        if not self.random_pick or rng is None:
            return np.asarray(chances.argmax(1))
        # The largest of logits plus Gumbel noise is a draw from their softmax; CTGAN's temperature does not change which it is.
        exponential = rng.standard_exponential(chances.shape, np.float32)
        return np.asarray((chances - np.log(np.maximum(exponential, 1e-30))).argmax(1))


def _normalised(out: AnyArray, layer: Layer) -> AnyArray:
    mean = out.mean(1, keepdims=True)
    spread = np.sqrt(out.var(1, keepdims=True) + layer.epsilon)
    return np.asarray((out - mean) / spread * layer.gain + layer.shift, np.float32)


def disagreement(drawn: Frame, values: Floats, columns: Sequence[str]) -> tuple[float, float]:
    """Return how far a frame is from the library's own values (rows x columns).

    The first number is the greatest median distance of a number column in standard deviations, the second the greatest share of
    categories that differ in a column.
    """
    numbers, categories = 0.0, 0.0
    for k, name in enumerate(columns):
        theirs = values[:, k]
        if name in drawn.numbers:
            scale = max(float(theirs.std()), 1e-12)
            numbers = max(numbers, float(np.quantile(np.abs(drawn.numbers[name] - theirs), 0.95)) / scale)
        else:
            categories = max(categories, float((drawn.categories[name] != theirs).mean()))
    return numbers, categories
