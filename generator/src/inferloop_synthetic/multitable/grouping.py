"""Groups of rows whose children differ: what a child needs to know of its parent.

A regression tree on the parent's columns is grown to tell the children's columns; its leaves are the groups. Siblings are
alike in more than their parent's columns say, so parents are first sorted into a few families by what their children are like;
the family is a column of the parent like any other, learned and drawn with them, and one that the tree may split on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.cluster import KMeans
from sklearn.tree import DecisionTreeRegressor

from inferloop_synthetic.schema import ColumnSchema, Kind
from inferloop_synthetic.tabular.arrays import AnyArray, Floats, Ints

MOST_GROUPS = 64
MOST_FAMILIES = 12
GROUP_ROWS = 60
"""Children of a group at least, so that they can be learned."""
GROUP_PARENTS = 20
"""Children of so many parents, on average, are in a group at least, so that they are not those of one or two real parents."""
FAMILY_PARENTS = 40
LEVELS_SEEN = 12
COUNTED = "#children "
"""Columns that count children begin so; missing in them is none."""
LEARNED_KINDS = {Kind.integer, Kind.float, Kind.boolean, Kind.category, Kind.date, Kind.datetime, Kind.time}


@dataclass(frozen=True)
class Feature:
    """A column that a tree reads: numbers as they are, categories by their place among `levels`."""

    name: str
    levels: pa.Array
    """Texts of a category in the order of what the children are like; empty for a number."""
    middle: float
    """Stands for missing."""


@dataclass(frozen=True)
class Groups:
    """A tree that sorts rows into groups; `child` holds the left and right child of each node, -1 at a leaf."""

    features: tuple[Feature, ...]
    feature: Ints
    threshold: Floats
    child: Ints
    group: Ints
    """The group of each leaf, -1 elsewhere."""

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.group.max()) + 1

    def of(self, rows: pa.RecordBatch | pa.Table) -> Ints:
        """Return the group of each row."""
        if self.count == 1:
            return np.zeros(rows.num_rows, np.int64)
        values = np.column_stack([read_feature(feature, rows) for feature in self.features])
        node = np.zeros(rows.num_rows, np.int64)
        moving = np.arange(rows.num_rows)
        while len(moving):
            at = node[moving]
            left = values[moving, self.feature[at]] <= self.threshold[at]
            node[moving] = self.child[at, np.where(left, 0, 1)]
            moving = moving[self.child[node[moving], 0] >= 0]
        return self.group[node]


def as_numbers(column: pa.Array | pa.ChunkedArray) -> Floats:
    """Return numbers, dates and times as floats, missing as NaN."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_temporal(flat.type):
        flat = flat.view(pa.int32() if flat.type.bit_width == 32 else pa.int64())
    return np.asarray(pc.fill_null(flat.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False), float)


def as_texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a category's values as texts; missing has a text of its own."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    flat = flat.cast(flat.type.value_type) if pa.types.is_dictionary(flat.type) else flat
    return pc.fill_null(flat.cast(pa.string()), "\x00missing")


def is_category(column: pa.Array | pa.ChunkedArray) -> bool:
    """Say whether a column holds texts or truth values."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def read_feature(feature: Feature, rows: pa.RecordBatch | pa.Table) -> Floats:
    """Return what a tree sees of a column; a category that it does not know lies in the middle."""
    column = rows[feature.name]
    if len(feature.levels):
        place = pc.fill_null(pc.index_in(as_texts(column), value_set=feature.levels), len(feature.levels) // 2)
        return np.asarray(place.to_numpy(zero_copy_only=False), float)
    return np.nan_to_num(as_numbers(column), nan=feature.middle)


def embed(table: pa.Table, columns: Sequence[ColumnSchema]) -> Floats:
    """Return what rows are like, as columns of about equal weight: normal scores of numbers, indicators of common categories."""
    parts: list[AnyArray] = []
    for column in columns:
        if column.name not in table.column_names or column.kind not in LEARNED_KINDS:
            continue
        values = table[column.name]
        if is_category(values):
            code = as_texts(values).dictionary_encode().indices.to_numpy()
            count = np.bincount(code)
            common = np.argsort(-count)[:LEVELS_SEEN]
            shown = (code[:, None] == common).astype(float)
            shown -= shown.mean(0)
            parts.append(shown / max(np.sqrt((shown**2).sum(1).mean()), 1e-9))
            continue
        number = as_numbers(values)
        if np.isnan(number).all():
            continue
        number = np.nan_to_num(number, nan=0.0 if column.name.startswith(COUNTED) else float(np.nanmedian(number)))
        # Ranks, so that a few large values do not decide alone.
        rank = np.argsort(np.argsort(number, kind="stable"), kind="stable") / len(number)
        ties = np.unique(number, return_inverse=True)[1]
        score = (np.bincount(ties, rank) / np.bincount(ties))[ties]
        score = score - score.mean()
        parts.append((score / max(float(score.std()), 1e-9))[:, None])
    return np.column_stack(parts) if parts else np.zeros((table.num_rows, 0))


def find_families(links: Ints, likeness: Floats, parents: int, seed: int) -> Ints | None:
    """Return each parent's family, -1 without children; None where siblings are too few or not alike."""
    named = links >= 0
    count = np.bincount(links[named], minlength=parents)
    several = int((count > 1).sum())
    number = min(MOST_FAMILIES, several // FAMILY_PARENTS)
    if number < 2 or not likeness.shape[1]:
        return None
    mean = np.zeros((parents, likeness.shape[1]))
    np.add.at(mean, links[named], likeness[named])
    mean[count > 0] /= count[count > 0][:, None]
    # Means of few children scatter more: they count for less when families are looked for.
    has = count > 0
    fitted = KMeans(number, n_init=3, random_state=seed).fit(mean[has], sample_weight=np.minimum(count[has], 5).astype(float))
    family = np.full(parents, -1, np.int64)
    family[has] = fitted.labels_
    return family


def find_groups(rows: pa.Table, names: Sequence[str], links: Ints, likeness: Floats, seed: int) -> Groups:
    """Return the groups of `rows` (by the columns `names`) whose children, linked by `links`, differ."""
    named = np.flatnonzero(links >= 0)
    parents = len(np.unique(links[named]))
    least = max(GROUP_ROWS, -(-len(named) * GROUP_PARENTS // max(parents, 1)))
    leaves = min(MOST_GROUPS, len(named) // least)
    if leaves < 2 or not likeness.shape[1] or not names:
        return Groups((), np.zeros(1, np.int64), np.zeros(1), np.full((1, 2), -1), np.zeros(1, np.int64))
    target = likeness[named]
    main = target @ np.linalg.svd(target[:: max(len(target) // 2000, 1)], full_matrices=False)[2][0]
    features = tuple(_feature(rows[name], name, links[named], main) for name in names)
    values = np.column_stack([read_feature(feature, rows) for feature in features])
    tree = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=least, random_state=seed)
    tree.fit(values[links[named]], target)
    grown = tree.tree_
    leaf = grown.children_left < 0
    group = np.where(leaf, np.cumsum(leaf) - 1, -1)
    child = np.column_stack([grown.children_left, grown.children_right]).astype(np.int64)
    return Groups(features, grown.feature.astype(np.int64), grown.threshold.astype(float), child, group.astype(np.int64))


def _feature(column: pa.ChunkedArray, name: str, links: Ints, main: Floats) -> Feature:
    if name.startswith(COUNTED):
        return Feature(name, pa.array([], pa.string()), 0.0)
    if not is_category(column):
        number = as_numbers(column)
        return Feature(name, pa.array([], pa.string()), float(np.nanmedian(number)) if not np.isnan(number).all() else 0.0)
    encoded = as_texts(column).dictionary_encode()
    code = encoded.indices.to_numpy()[links]
    size = len(encoded.dictionary)
    mean = np.bincount(code, main, size) / np.maximum(np.bincount(code, minlength=size), 1)
    return Feature(name, encoded.dictionary.take(pa.array(np.argsort(mean, kind="stable"))), 0.0)
