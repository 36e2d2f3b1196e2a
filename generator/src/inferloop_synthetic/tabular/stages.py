"""One step of the chain: a column's distribution given the earlier columns, compiled to look-up tables.

Fitting grows one regression tree per column, on the earlier columns' codes and on additive indices of them. Its leaves hold
smoothed empirical distributions. Compiling keeps the strongest thresholds, as many as fit a grid of `grid` cells, and refits the
tree on them; then drawing is

    cell = sum over inputs of group[input]      leaf = leaf_of[cell]      outcome = outcomes[leaf, random bits]

without loops or tree walks. The outcome of a *direct* stage is a code. The outcome of a *residual* stage (numbers that an index
predicts well) is a distance on the latent scale to add to that index, or a spike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from inferloop_synthetic.tabular.additive import AdditiveRegression, Index
from inferloop_synthetic.tabular.arrays import AnyArray, Bits, Bools, Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import GRID, KNOTS_PER_UNIT, LATENT_END, Codec, Coded

SPIKE = np.float32(1000)
"""In a residual stage, an outcome of SPIKE + c is code c instead of a residual."""
INDEX_BINS = 256


@dataclass(frozen=True)
class StageRules:
    """How a column is fitted given the earlier ones; `leaf_rows` is the dial between quality and privacy."""

    leaf_rows: int = 100
    leaves: int = 512
    grid: int = 2**16
    input_gain: float = 0.005
    """Share of the tree's gain that an input must have to be read at all."""
    singleton_weight: float = 0.6
    """Good-Turing: part of a leaf's rare codes that comes from the leaf's parent instead."""
    variety_weight: float = 0.5
    level_rows: float = 3.0
    """Categories: a leaf has at least this many rows per effective level."""
    index_terms: int = 8
    index_gain: float = 0.001
    indices: int = 2
    residual_from: float = 0.3
    """Share of the latent variance that an index must explain before a number is drawn as index plus residual."""


@dataclass(frozen=True)
class Input:
    """What a stage's tree reads: an earlier column's code, or (for `index` >= 0) one of the stage's own indices."""

    column: int
    index: int
    group: Ints
    """Group of each code or index bin, already multiplied by its stride in the grid."""


@dataclass(frozen=True)
class Stage:
    """A column given the earlier ones, ready to draw from."""

    inputs: tuple[Input, ...]
    indices: tuple[Index, ...]
    index_offset: Floats
    index_scale: Floats
    leaf_of: Ints
    """First entry of each grid cell's leaf in `outcomes`."""
    outcomes: AnyArray
    """Direct: codes (uint16 or uint32). Residual: complex64, residual and its step to the next one."""
    slots: int
    """Outcomes per leaf, a power of two."""
    residual: bool
    spikes: bool

    @property
    def shift(self) -> np.uint32:
        """Bits to drop from a 32-bit random number to get a slot."""
        return np.uint32(32 - int(np.log2(self.slots)))


# ---------------------------------------------------------------------------------------------------------------- drawing


def index_values(index: Index, codes: Sequence[Ints]) -> Singles:
    """Return one index of every row."""
    value = index.tables[0].take(codes[index.columns[0]])
    for column, table in zip(index.columns[1:], index.tables[1:], strict=True):
        value += table.take(codes[column])
    return value


def leaf_offsets(stage: Stage, codes: Sequence[Ints]) -> tuple[Ints | int, Singles | None]:
    """Return each row's leaf as an offset into `outcomes`, and the first index of each row where it is needed."""
    first: Singles | None = None
    binned: dict[int, Ints] = {}
    used = {entry.index for entry in stage.inputs if entry.index >= 0} | ({0} if stage.residual else set())
    for k in used:
        value = index_values(stage.indices[k], codes)
        if k == 0:
            first = value
        scaled = value * np.float32(stage.index_scale[k])
        scaled += np.float32(stage.index_offset[k])
        binned[k] = scaled.astype(np.intp)
    if not stage.inputs:
        return 0, first
    cell: Ints | None = None
    for entry in stage.inputs:
        part = entry.group.take(binned[entry.index], mode="clip") if entry.index >= 0 else entry.group.take(codes[entry.column])
        cell = part if cell is None else np.add(cell, part, out=cell)
    assert cell is not None  # noqa: S101  (there is at least one input)
    return stage.leaf_of.take(cell), first


def draw(stage: Stage, codec: Codec, codes: Sequence[Ints], bits: Bits) -> tuple[Ints, Floats | None]:
    """Draw one column for as many rows as there are `bits`: its codes, and its values where it is a number."""
    offset, first = leaf_offsets(stage, codes)
    slot = np.add(bits >> stage.shift, offset, dtype=np.intp)
    outcome = stage.outcomes.take(slot)
    fraction = (bits & np.uint32((1 << int(stage.shift)) - 1)).astype(np.float32)
    fraction *= np.float32(2.0 ** -int(stage.shift))
    if not stage.residual:
        code = outcome.astype(np.intp)
        if not codec.ordered:
            return code, None
        value = (codec.high - codec.low).take(code)
        value *= fraction
        value += codec.low.take(code)
        return code, value
    place = outcome.real + outcome.imag * fraction
    if first is not None:
        place += first
    return decode_latent(codec, place, outcome.real if stage.spikes else None)


def decode_latent(codec: Codec, place: Singles, outcome: Singles | None) -> tuple[Ints, Floats]:
    """Turn places on the latent scale (or spikes, where `outcome` says so) into codes and values."""
    scaled = (place + np.float32(LATENT_END)) * np.float32(KNOTS_PER_UNIT)
    np.clip(scaled, 0, np.float32(GRID - 1.001), out=scaled)
    knot = scaled.astype(np.intp)
    code = codec.grid_code.take(knot)
    value = codec.grid_step.take(knot)
    value *= scaled - knot
    value += codec.grid_value.take(knot)
    if outcome is not None:
        spiked = np.flatnonzero(outcome >= SPIKE)
        spike = (outcome[spiked] - SPIKE).astype(np.intp)
        code[spiked] = spike
        value[spiked] = codec.low[spike]
    return code, value


# ---------------------------------------------------------------------------------------------------------------- fitting


@dataclass(frozen=True)
class Learned:
    """What is known of the table while stages are fitted."""

    codecs: Sequence[Codec]
    coded: Sequence[Coded]
    coarse: Sequence[Ints]
    """At most a dozen groups of each column's codes, for profiles of many-levelled categories."""
    additive: AdditiveRegression
    rows: int


def fit_stage(target: int, earlier: Sequence[int], learned: Learned, rules: StageRules, seed: int) -> Stage:
    """Fit the distribution of column `target` given the columns `earlier`."""
    rng = np.random.default_rng([seed, 2, target])
    codec, coded = learned.codecs[target], learned.coded[target]
    if not earlier or codec.size == 1:
        return _root_stage(codec, coded, rules, rng)
    embedded = _embed(codec, _profiles(target, earlier, learned))[coded.code]
    residual, indices = _indices(target, earlier, learned, rules, embedded)
    latent = coded.latent
    if residual:
        latent = np.where(codec.dense[coded.code], coded.latent - index_values(indices[0], [c.code for c in learned.coded]), 0)
        embedded = _embed_residuals(codec, coded, latent)
    outcome = _Outcome.of(codec, coded, latent if residual else None)
    features, ranks, scales, offsets = _features(earlier, indices, learned, embedded)
    tree_rules = _tree_rules(codec, learned.rows, rules)
    cuts = _strongest_cuts(features, embedded, tree_rules, rules.grid, rules.input_gain)
    if not cuts:
        root = _root_stage_of(outcome, rules, rng)
        return replace(root, indices=indices, residual=residual, index_offset=offsets, index_scale=scales)
    used = sorted(cuts)
    grouped, groups, sizes = _group(used, cuts, features, ranks)
    tree = DecisionTreeRegressor(**tree_rules).fit(grouped, embedded).tree_
    path, up = _paths(tree, grouped)
    leaves = int((tree.children_left < 0).sum())
    slots = 256 if leaves > 64 else 1024 if leaves > 8 else 4096
    table, nodes = _outcome_table(outcome, path, up, slots, rules, rng)
    row_of = np.zeros(tree.node_count, np.int64)
    row_of[nodes] = np.arange(len(nodes))
    cells = np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), sizes, order="F"), 1).astype(np.float32)
    inputs = tuple(
        Input(earlier[f] if f < len(earlier) else -1, f - len(earlier) if f >= len(earlier) else -1, group)
        for f, group in zip(used, groups, strict=True)
    )
    return Stage(
        inputs=inputs,
        indices=indices,
        index_offset=offsets,
        index_scale=scales,
        leaf_of=row_of[tree.apply(cells)] * slots,
        outcomes=outcome.compile(table),
        slots=slots,
        residual=residual,
        spikes=outcome.spikes,
    )


def _root_stage(codec: Codec, coded: Coded, rules: StageRules, rng: np.random.Generator) -> Stage:
    return _root_stage_of(_Outcome.of(codec, coded, None), rules, rng)


def _root_stage_of(outcome: _Outcome, rules: StageRules, rng: np.random.Generator) -> Stage:
    slots = 4096
    path = np.zeros((1, len(outcome.position)), np.int64)
    table, _ = _outcome_table(outcome, path, np.zeros(1, np.int64), slots, rules, rng)
    none = np.zeros(0)
    return Stage((), (), none, none, np.zeros(1, np.int64), outcome.compile(table), slots, outcome.residual, outcome.spikes)


def _profiles(target: int, earlier: Sequence[int], learned: Learned) -> Floats | None:
    """Return how each level of a many-levelled category differs from the others in the earlier columns."""
    codec, code = learned.codecs[target], learned.coded[target].code
    if codec.ordered or codec.size <= 10:
        return None
    parts = []
    for column in earlier:
        groups = int(learned.coarse[column].max()) + 1
        joint = np.bincount(code * groups + learned.coarse[column], minlength=codec.size * groups)
        count = joint.reshape(codec.size, groups).astype(float)
        overall = count.sum(0) / learned.rows
        part = (count + 5 * overall) / (count.sum(1, keepdims=True) + 5)
        parts.append(part / np.sqrt(overall + 1e-9) - np.sqrt(overall))
    return np.concatenate(parts, 1)


def _embed(codec: Codec, profiles: Floats | None) -> Floats:
    """Place each code in a small space where codes that behave alike are near: what the trees regress on."""
    parts: list[Floats] = []
    if codec.ordered and codec.size > 8:
        parts = [np.cos(np.pi * k * codec.middle) * 2**0.5 for k in range(1, 5)]
        candidates = np.flatnonzero(~codec.dense & (codec.share > 0.005))
        big = candidates[np.argsort(-codec.share[candidates])[:5]]
    else:
        big = np.argsort(-codec.share, kind="stable")[:10]
    parts += [(np.arange(codec.size) == code) / np.sqrt(codec.share[code] + 0.05) for code in big]
    if profiles is not None:
        weight = np.sqrt(codec.share[:, None])
        left, scale, _ = np.linalg.svd(profiles * weight, full_matrices=False)
        parts += list((left[:, :5] * scale[:5] / np.maximum(weight, 1e-9)).T * 3)
    return np.stack(parts, 1)


def _embed_residuals(codec: Codec, coded: Coded, residual: Singles) -> Floats:
    """Place each row by the rank of its residual, spikes apart."""
    dense = codec.dense[coded.code]
    rank = np.zeros(len(residual))
    rank[dense] = (np.argsort(np.argsort(residual[dense])) + 0.5) / max(int(dense.sum()), 1)
    parts = [np.where(dense, np.cos(np.pi * k * rank) * 2**0.5, 0) for k in range(1, 5)]
    spikes = np.flatnonzero(~codec.dense & (codec.share > 0.005))
    big = spikes[np.argsort(-codec.share[spikes])[:5]]
    parts += [(coded.code == code) / np.sqrt(codec.share[code] + 0.05) for code in big]
    return np.stack(parts, 1)


def _indices(
    target: int, earlier: Sequence[int], learned: Learned, rules: StageRules, embedded: Floats
) -> tuple[bool, tuple[Index, ...]]:
    """Return whether the column is drawn as index plus residual, and its indices (the first is the one it is added to)."""
    codec, coded = learned.codecs[target], learned.coded[target]
    codes = [c.code for c in learned.coded]
    found: list[Index] = []
    residual = False
    if codec.dense.any() and codec.share[codec.dense].sum() > 0.2:
        dense = codec.dense[coded.code]
        rows = None if dense.all() else np.flatnonzero(dense)
        goal = coded.latent[dense].astype(np.float64)[:, None]
        kept, tables, constant = learned.additive.solve(goal, earlier, rows, rules.index_terms + 4, rules.index_gain / 4)
        index = _index(kept, [t[:, 0] for t in tables], float(constant[0]))
        error = goal[:, 0] - index_values(index, codes)[dense]
        if 1 - error.var() / goal.var() >= rules.residual_from:
            residual = True
            found.append(index)
    kept, tables, constant = learned.additive.solve(embedded, earlier, None, rules.index_terms, rules.index_gain)
    fitted = sum(t[codes[c]] for c, t in zip(kept, tables, strict=True)) + constant
    fitted = np.asarray(fitted) - np.mean(fitted, axis=0)
    _, _, directions = np.linalg.svd(fitted.T @ fitted / learned.rows)
    spread = np.sqrt(np.maximum(((fitted @ directions.T) ** 2).mean(0), 0))
    strong = [k for k in range(min(rules.indices, len(directions))) if spread[k] > 0.03]
    found += [_index(kept, [t @ directions[k] for t in tables], 0.0) for k in strong]
    return residual, tuple(found)


def _index(columns: Sequence[int], tables: Sequence[Floats], constant: float) -> Index:
    whole = [np.asarray(t, np.float32) for t in tables]
    whole[0] = (whole[0] + np.float32(constant)).astype(np.float32)
    return Index(tuple(columns), tuple(whole))


def _features(
    earlier: Sequence[int], indices: Sequence[Index], learned: Learned, embedded: Floats
) -> tuple[Singles, list[Ints], Floats, Floats]:
    """Return the tree's inputs, and for each the order of its codes (or bins); then the scale and offset of the indices' bins."""
    features = np.empty((learned.rows, len(earlier) + len(indices)), np.float32)
    ranks = []
    for i, column in enumerate(earlier):
        rank = _rank_levels(learned.codecs[column], learned.coded[column].code, embedded)
        features[:, i] = rank[learned.coded[column].code]
        ranks.append(rank)
    scales, offsets = [], []
    codes = [c.code for c in learned.coded]
    for k, index in enumerate(indices):
        value = index_values(index, codes)
        low, high = np.quantile(value, [0.002, 0.998])
        scale = (INDEX_BINS - 2) / max(float(high - low), 1e-6)
        scales.append(scale)
        offsets.append(1 - float(low) * scale)
        scaled = value * np.float32(scale)
        scaled += np.float32(offsets[-1])
        features[:, len(earlier) + k] = np.clip(scaled.astype(np.intp), 0, INDEX_BINS - 1)
        ranks.append(np.arange(INDEX_BINS))
    return features, ranks, np.array(scales), np.array(offsets)


def _rank_levels(codec: Codec, code: Ints, embedded: Floats) -> Ints:
    """Order a category's levels by the direction in which the target differs most between them."""
    if codec.ordered or codec.size <= 2:
        return np.arange(codec.size)
    count = np.bincount(code, minlength=codec.size)
    overall = embedded.mean(0)
    total = np.stack([np.bincount(code, part, codec.size) for part in embedded.T], 1)
    mean = (total + 10 * overall) / (count + 10)[:, None] - overall
    direction = np.linalg.svd(mean * np.sqrt(count)[:, None], full_matrices=False)[2][0]
    return np.argsort(np.argsort(mean @ direction))


def _tree_rules(codec: Codec, rows: int, rules: StageRules) -> dict[str, int]:
    leaf_rows = rules.leaf_rows
    if not codec.ordered:
        leaf_rows = max(leaf_rows, min(int(rules.level_rows * np.exp(codec.entropy)), rows // 36))
    return {"min_samples_leaf": max(1, min(leaf_rows, rows // 4)), "max_leaf_nodes": rules.leaves, "random_state": 0}


def _strongest_cuts(
    features: Singles, embedded: Floats, tree_rules: Mapping[str, int], grid: int, input_gain: float
) -> dict[int, list[float]]:
    """Return the thresholds per input that gain most, as many as keep the grid of their cells within `grid`."""
    tree = DecisionTreeRegressor(**tree_rules).fit(features, embedded).tree_
    inner = np.flatnonzero(tree.children_left >= 0)
    impurity = tree.weighted_n_node_samples * tree.impurity
    gains = impurity[inner] - impurity[tree.children_left[inner]] - impurity[tree.children_right[inner]]
    gain_of: dict[tuple[int, float], float] = {}
    for node, gain in zip(inner, gains, strict=True):
        cut = (int(tree.feature[node]), float(tree.threshold[node]))
        gain_of[cut] = gain_of.get(cut, 0.0) + float(gain)
    gain_of_input: dict[int, float] = {}
    for (feature, _), gain in gain_of.items():
        gain_of_input[feature] = gain_of_input.get(feature, 0.0) + gain
    least = input_gain * sum(gain_of_input.values())
    cuts: dict[int, list[float]] = {}
    cells = 1
    for feature, threshold in sorted(gain_of, key=lambda cut: -gain_of[cut]):
        if gain_of_input[feature] < least:
            continue
        groups = len(cuts.get(feature, [])) + 1
        if cells // groups * (groups + 1) <= grid:
            cuts.setdefault(feature, []).append(threshold)
            cells = cells // groups * (groups + 1)
    return cuts


def _group(
    used: Sequence[int], cuts: Mapping[int, list[float]], features: Singles, ranks: Sequence[Ints]
) -> tuple[Singles, list[Ints], list[int]]:
    """Return the inputs as groups between cuts, each code's group times its stride, and the number of groups."""
    grouped = np.empty((len(features), len(used)), np.float32)
    groups, sizes, stride = [], [], 1
    for i, f in enumerate(used):
        cut = np.sort(cuts[f])
        grouped[:, i] = np.searchsorted(cut, features[:, f], side="left")
        groups.append(np.searchsorted(cut, ranks[f], side="left") * stride)
        sizes.append(len(cut) + 1)
        stride *= sizes[-1]
    return grouped, groups, sizes


def _paths(tree: Any, grouped: Singles) -> tuple[Ints, Ints]:
    """Return each row's node at every depth (depth x rows; a leaf repeats below itself) and each node's parent."""
    up = np.zeros(tree.node_count, np.int64)
    inner = np.flatnonzero(tree.children_left >= 0)
    up[tree.children_left[inner]] = inner
    up[tree.children_right[inner]] = inner
    depth = np.zeros(tree.node_count, np.int64)
    for node in range(1, tree.node_count):
        depth[node] = depth[up[node]] + 1
    current = tree.apply(grouped)
    path = np.empty((int(depth.max()) + 1, len(grouped)), np.int64)
    for level in range(int(depth.max()), -1, -1):
        current = np.where(depth[current] > level, up[current], current)
        path[level] = current
    return path, up


@dataclass(frozen=True)
class _Outcome:
    """What leaves hold, by row: a place to interpolate between (`smooth` rows) or a code."""

    code: Ints
    position: Floats
    """Sort key: places of smooth rows (rank by code, or residual), codes of the others."""
    smooth: Bools
    start: Floats
    """Direct only: rank at which each code starts, to turn an interpolated rank into a code."""
    dense: Bools
    residual: bool
    spikes: bool

    @classmethod
    def of(cls, codec: Codec, coded: Coded, residual: Singles | None) -> _Outcome:
        smooth = codec.dense[coded.code]
        if residual is None:
            start = np.cumsum(codec.share) - codec.share
            return cls(coded.code, coded.position, smooth, start, codec.dense, residual=False, spikes=False)
        key = np.where(smooth, residual, float(SPIKE) + coded.code)
        return cls(coded.code, key, smooth, np.zeros(0), codec.dense, residual=True, spikes=bool((~codec.dense).any()))

    def between(self, left: Ints, right: Ints, part: Floats) -> Floats:
        """Return outcomes `part` of the way from rows `left` to rows `right`."""
        near = np.where(part < 0.5, left, right)
        both = self.smooth[left] & self.smooth[right]
        place = self.position[left] + (self.position[right] - self.position[left]) * part
        if self.residual:
            return np.where(both, place, self.position[near])
        code = np.clip(np.searchsorted(self.start, place, side="right") - 1, 0, len(self.start) - 1)
        return np.where(both & self.dense[code], code, self.code[near]).astype(np.float64)

    def compile(self, table: Floats) -> AnyArray:
        """Return the flat table that drawing reads."""
        if not self.residual:
            return table.ravel().astype(np.uint16 if len(self.start) < 2**16 else np.uint32)
        ordered = np.sort(table, 1)
        smooth = ordered < SPIKE
        step = np.diff(ordered, axis=1, append=ordered[:, -1:])
        step[~smooth | ~np.c_[smooth[:, 1:], smooth[:, -1:]]] = 0
        pairs = np.empty(ordered.shape, np.complex64)
        pairs.real, pairs.imag = ordered, step
        return pairs.ravel()


def _outcome_table(
    outcome: _Outcome, path: Ints, up: Ints, slots: int, rules: StageRules, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Return `slots` outcomes for every leaf, and the leaves.

    From the root down, a node's row holds its own order statistics, interpolated, mixed with its parent's row: the more of its
    codes were seen only once (Good and Turing), the more.
    """
    rows = path.shape[1]
    table: Floats | None = None
    nodes = np.zeros(0, np.int64)
    for level in path:
        order = np.lexsort((outcome.position, level))
        node, key = level[order], np.where(outcome.smooth[order], -1, outcome.code[order])
        current, start, count = np.unique(node, return_index=True, return_counts=True)
        runs = np.flatnonzero(np.r_[True, (node[1:] != node[:-1]) | (key[1:] != key[:-1])])
        owner = np.repeat(np.arange(len(current)), count)[runs]
        once = np.diff(np.r_[runs, rows]) == 1
        single = np.bincount(owner[once], minlength=len(current))
        variety = np.bincount(owner, minlength=len(current)) - 1
        weight = np.minimum(0.9, (rules.singleton_weight * single + rules.variety_weight * variety) / count)
        offset = rng.random((len(current), 1))
        at = (np.arange(slots) + offset) / slots * count[:, None] - 0.5
        whole = np.floor(at).astype(np.int64)
        left = order[start[:, None] + np.clip(whole, 0, count[:, None] - 1)]
        right = order[start[:, None] + np.clip(whole + 1, 0, count[:, None] - 1)]
        own = outcome.between(left, right, at - whole)
        if table is not None:
            same = np.isin(current, nodes)
            above = table[np.searchsorted(nodes, np.where(same, current, up[current]))]
            shuffled = np.take_along_axis(above, (np.arange(slots) + rng.integers(0, slots, (len(current), 1))) % slots, 1)
            mixed = (np.arange(slots) * 0.6180339887 + offset) % 1 < weight[:, None]
            own = np.where(same[:, None], above, np.where(mixed, shuffled, own))
        table, nodes = own, current
    assert table is not None  # noqa: S101  (a path has at least the root)
    return table, nodes
