"""Fitting a stage: a regression tree on the earlier columns and on additive indices of them, compiled to a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from inferloop_synthetic.tabular.additive import AdditiveRegression, Index
from inferloop_synthetic.tabular.arrays import Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import Codec, Coded
from inferloop_synthetic.tabular.effects import refine
from inferloop_synthetic.tabular.likelihood import log_likelihood
from inferloop_synthetic.tabular.outcomes import Outcome, outcome_table
from inferloop_synthetic.tabular.stages import INDEX_BINS, Input, Stage, StageRules


@dataclass(frozen=True)
class Learned:
    """What is known of the table while stages are fitted."""

    codecs: Sequence[Codec]
    coded: Sequence[Coded]
    coarse: Sequence[Ints]
    """At most a dozen groups of each column's codes, for profiles of many-levelled categories."""
    additive: AdditiveRegression
    rows: int

    def part(self, rows: Ints) -> Learned:
        """Return what is known of some of the rows alone."""
        coded = [Coded(c.code[rows], c.latent[rows], c.position[rows]) for c in self.coded]
        additive = self.additive.part(rows)
        return Learned(self.codecs, coded, [c[rows] for c in self.coarse], additive, len(rows))


@dataclass(frozen=True)
class Way:
    """One way to fit a column: drawn as a residual of an index or directly, from leaves of at least so many rows."""

    residual: bool
    leaf_rows: int


def fit_stage(
    target: int, earlier: Sequence[int], learned: Learned, rules: StageRules, seed: int, way: Way | None = None
) -> Stage:
    """Fit the distribution of column `target` given the columns `earlier`, in the way given or the usual one."""
    rng = np.random.default_rng([seed, 2, target])
    codec, coded = learned.codecs[target], learned.coded[target]
    if not earlier or codec.size == 1:
        return _root_stage(codec, coded, rules, rng)
    embedded = _embed(codec, _profiles(target, earlier, learned))[coded.code]
    residual, indices, values = _indices(target, earlier, learned, rules, embedded, None if way is None else way.residual, rng)
    latent = coded.latent
    if residual:
        latent = np.where(codec.dense[coded.code], coded.latent - values[0], 0)
        embedded = _embed_residuals(codec, coded, latent)
    outcome = Outcome.of(codec, coded, latent if residual else None)
    features, sources, ranks, scales, offsets = _features(earlier, values, learned, embedded)
    tree_rules = _tree_rules(codec, learned.rows, rules, None if way is None else way.leaf_rows)
    cuts = _strongest_cuts(features, embedded, tree_rules, rules, rng)
    if not cuts:
        root = _root_stage_of(outcome, rules, rng)
        return replace(root, indices=indices, residual=residual, index_offset=offsets, index_scale=scales)
    used = sorted(cuts)
    grouped, groups, sizes = _group(used, cuts, features, ranks)
    tree = DecisionTreeRegressor(**tree_rules).fit(grouped, embedded).tree_
    path, up = _paths(tree, grouped)
    leaves = int((tree.children_left < 0).sum())
    slots = 256 if leaves > 64 else 1024 if leaves > 8 else 4096
    table, nodes = outcome_table(outcome, path, up, slots, rules, rng)
    row_of = np.zeros(tree.node_count, np.int64)
    row_of[nodes] = np.arange(len(nodes))
    cells = np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), sizes, order="F"), 1).astype(np.float32)
    return Stage(
        inputs=_merged([(*sources[f], group) for f, group in zip(used, groups, strict=True)]),
        indices=indices,
        index_offset=offsets,
        index_scale=scales,
        leaf_of=row_of[tree.apply(cells)] * slots,
        outcomes=outcome.compile(table),
        slots=slots,
        residual=residual,
        spikes=outcome.spikes,
    )


def _merged(entries: Sequence[tuple[int, int, Ints]]) -> tuple[Input, ...]:
    """Return the tree's inputs; several rankings of one column become one look-up."""
    groups: dict[tuple[int, int], Ints] = {}
    for column, index, group in entries:
        groups[column, index] = groups[column, index] + group if (column, index) in groups else group
    return tuple(Input(column, index, group) for (column, index), group in groups.items())


def ways(target: int, earlier: Sequence[int], learned: Learned, rules: StageRules) -> list[Way]:
    """Return the ways in which a column might be fitted."""
    codec = learned.codecs[target]
    if not earlier or codec.size <= 2:
        return []
    least = min(rules.leaf_rows, learned.rows // 4)
    usual = _tree_rules(codec, learned.rows, rules, None)["min_samples_leaf"]
    leaves = [least, usual] if usual > 1.5 * least else [least]
    found = [Way(residual=False, leaf_rows=rows) for rows in leaves]
    if codec.dense.any() and codec.share[codec.dense].sum() > 0.2:
        found.append(Way(residual=True, leaf_rows=least))
    return found


def choose_way(
    target: int,
    earlier: Sequence[int],
    fitted: Learned,
    tested: Learned,
    rules: StageRules,
    seed: int,
    *,
    codes_only: bool = False,
) -> Way | None:
    """Return the way to fit a column that foretells the rows of `tested` best when fitted on those of `fitted`.

    With `codes_only` it is drawn directly, not as a residual.
    """
    candidates = [way for way in ways(target, earlier, fitted, rules) if not (codes_only and way.residual)]
    if len(candidates) < 2 or tested.rows < 100:
        return candidates[0] if candidates else None
    codes = [c.code for c in tested.coded]

    def score(way: Way) -> float:
        stage = fit_stage(target, earlier, fitted, rules, seed, way)
        return log_likelihood(stage, fitted.codecs[target], tested.coded[target], codes)

    return max(candidates, key=score)


def _root_stage(codec: Codec, coded: Coded, rules: StageRules, rng: np.random.Generator) -> Stage:
    return _root_stage_of(Outcome.of(codec, coded, None), rules, rng)


def _root_stage_of(outcome: Outcome, rules: StageRules, rng: np.random.Generator) -> Stage:
    slots = 4096
    path = np.zeros((1, len(outcome.position)), np.int64)
    table, _ = outcome_table(outcome, path, np.zeros(1, np.int64), slots, rules, rng)
    none = np.zeros(0)
    return Stage((), (), none, none, np.zeros(1, np.int64), outcome.compile(table), slots, outcome.residual, outcome.spikes)


def _profiles(target: int, earlier: Sequence[int], learned: Learned) -> Floats | None:
    """Return how each level of a many-levelled category differs from the others in the earlier columns."""
    codec, code = learned.codecs[target], learned.coded[target].code
    if codec.size <= 10 or (codec.ordered and not codec.nominal):
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
    target: int,
    earlier: Sequence[int],
    learned: Learned,
    rules: StageRules,
    embedded: Floats,
    wanted: bool | None,
    rng: np.random.Generator,
) -> tuple[bool, tuple[Index, ...], list[Singles]]:
    """Return whether the column is drawn as index plus residual (the first index is the one it is added to), and all indices with
    their values.
    """
    codec, coded = learned.codecs[target], learned.coded[target]
    codes = [c.code for c in learned.coded]
    found: list[tuple[Index, Singles]] = []
    residual = False

    def refined(index: Index, goal: Floats, rows: Ints) -> tuple[Index, Singles]:
        return refine(index, goal, rows, earlier, learned.codecs, codes, rng, rules.index_terms + 4, rules.index_gain)

    if wanted is not False and codec.dense.any() and codec.share[codec.dense].sum() > 0.2:
        rows = np.flatnonzero(codec.dense[coded.code])
        goal = coded.latent[rows].astype(np.float64)
        some = None if len(rows) == learned.rows else rows
        kept, tables, constant = learned.additive.solve(goal[:, None], earlier, some, rules.index_terms + 4, rules.index_gain / 4)
        index, value = refined(_index(kept, [t[:, 0] for t in tables], float(constant[0])), goal, rows)
        error = goal - value[rows]
        if wanted or 1 - error.var() / goal.var() >= rules.residual_from:
            residual = True
            found.append((index, value))
    kept, tables, constant = learned.additive.solve(embedded, earlier, None, rules.index_terms, rules.index_gain)
    fitted = sum(t[codes[c]] for c, t in zip(kept, tables, strict=True)) + constant
    fitted = np.asarray(fitted) - np.mean(fitted, axis=0)
    _, _, directions = np.linalg.svd(fitted.T @ fitted / learned.rows)
    spread = np.sqrt(np.maximum(((fitted @ directions.T) ** 2).mean(0), 0))
    everything = np.arange(learned.rows)
    for k in range(min(rules.indices, len(directions))):
        if spread[k] > 0.03:
            goal = embedded @ directions[k]
            shift = float(constant @ directions[k])
            found.append(refined(_index(kept, [t @ directions[k] for t in tables], shift), goal, everything))
    return residual, tuple(i for i, _ in found), [v for _, v in found]


def _index(columns: Sequence[int], tables: Sequence[Floats], constant: float) -> Index:
    whole = [np.asarray(t, np.float32) for t in tables]
    whole[0] = (whole[0] + np.float32(constant)).astype(np.float32)
    return Index(tuple(columns), tuple(whole))


def _features(
    earlier: Sequence[int], indices: Sequence[Singles], learned: Learned, embedded: Floats
) -> tuple[Singles, list[tuple[int, int]], list[Ints], Floats, Floats]:
    """Return the tree's inputs, where each comes from (column, index), and the order of its codes or bins; then the scale and
    offset of the indices' bins.
    """
    parts: list[Singles] = []
    sources: list[tuple[int, int]] = []
    ranks: list[Ints] = []
    for column in earlier:
        code = learned.coded[column].code
        for rank in _rankings(learned.codecs[column], code, embedded):
            parts.append(rank.astype(np.float32)[code])
            sources.append((column, -1))
            ranks.append(rank)
    scales, offsets = [], []
    for k, value in enumerate(indices):
        low, high = np.quantile(value, [0.002, 0.998])
        scale = (INDEX_BINS - 2) / max(float(high - low), 1e-6)
        scales.append(scale)
        offsets.append(1 - float(low) * scale)
        scaled = value * np.float32(scale)
        scaled += np.float32(offsets[-1])
        parts.append(np.clip(scaled.astype(np.intp), 0, INDEX_BINS - 1).astype(np.float32))
        sources.append((-1, k))
        ranks.append(np.arange(INDEX_BINS))
    return np.stack(parts, 1), sources, ranks, np.array(scales), np.array(offsets)


def _rankings(codec: Codec, code: Ints, embedded: Floats) -> list[Ints]:
    """Return the orders in which a tree may cut a column's codes: by value, and by how the target differs between them."""
    by_value = [np.arange(codec.size)] if codec.ordered or codec.size <= 2 else []
    if codec.size <= 2 or (codec.ordered and not codec.nominal):
        return by_value
    count = np.bincount(code, minlength=codec.size)
    overall = embedded.mean(0)
    total = np.stack([np.bincount(code, part, codec.size) for part in embedded.T], 1)
    mean = (total + 10 * overall) / (count + 10)[:, None] - overall
    directions = np.linalg.svd(mean * np.sqrt(count)[:, None], full_matrices=False)[2]
    return by_value + [np.argsort(np.argsort(mean @ direction)) for direction in directions[: 2 if codec.size > 12 else 1]]


def _tree_rules(codec: Codec, rows: int, rules: StageRules, least: int | None) -> dict[str, int]:
    leaf_rows = least or rules.leaf_rows
    if least is None and (not codec.ordered or codec.nominal):
        leaf_rows = max(leaf_rows, min(int(rules.level_rows * np.exp(codec.entropy)), rows // 36))
    return {"min_samples_leaf": max(1, min(leaf_rows, rows // 4)), "max_leaf_nodes": rules.leaves, "random_state": 0}


def _strongest_cuts(
    features: Singles, embedded: Floats, tree_rules: Mapping[str, int], rules: StageRules, rng: np.random.Generator
) -> dict[int, list[float]]:
    """Return the thresholds per input that gain most, as many as keep the grid of their cells within `rules.grid`."""
    rows = len(features)
    if rows > rules.cut_rows:
        some = rng.choice(rows, rules.cut_rows, replace=False)
        features, embedded = features[some], embedded[some]
        least = max(1, round(tree_rules["min_samples_leaf"] * rules.cut_rows / rows))
        tree_rules = {**tree_rules, "min_samples_leaf": least}
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
    least_gain = rules.input_gain * sum(gain_of_input.values())
    cuts: dict[int, list[float]] = {}
    cells = 1
    for feature, threshold in sorted(gain_of, key=lambda cut: -gain_of[cut]):
        if gain_of_input[feature] < least_gain:
            continue
        groups = len(cuts.get(feature, [])) + 1
        if cells // groups * (groups + 1) <= rules.grid:
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
