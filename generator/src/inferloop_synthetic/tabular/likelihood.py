"""How well a fitted stage foretells rows that it was not fitted on: the measure by which ways to fit are chosen.

All ways to fit one column, and all orders of the chain, are judged by the mean log-likelihood of the same groups of codes, so
that their figures can be compared and added up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from inferloop_synthetic.tabular.arrays import Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import Codec, Coded
from inferloop_synthetic.tabular.stages import SPIKE, Stage, leaf_offsets

GROUPS = 40
SMOOTH = 0.1
"""Part of each row's likelihood that comes from the column's own distribution."""


def code_groups(codec: Codec) -> Ints:
    """Return the group of each code: one of `GROUPS` ranges of about equal share, frequent codes alone.

    Coarse on purpose: which of many rare codes a row has is noise to every way of fitting.
    """
    middle = np.minimum((codec.middle * GROUPS).astype(np.int64), GROUPS - 1)
    alone = codec.share > 0.5 / GROUPS
    if codec.ordered:
        alone |= ~codec.dense
    starts = np.r_[True, (middle[1:] != middle[:-1]) | alone[1:] | alone[:-1]]
    return np.asarray(np.cumsum(starts) - 1)


def log_likelihood(stage: Stage, codec: Codec, coded: Coded, codes: Sequence[Ints]) -> float:
    """Return the mean log-likelihood of a column's groups in the rows of `codes`, the codes of all columns."""
    group_of = code_groups(codec)
    groups = int(group_of[-1]) + 1
    share = np.bincount(group_of, codec.share, groups)
    group = group_of[coded.code]
    offset, first = leaf_offsets(stage, codes)
    leaf = np.broadcast_to(np.asarray(offset // stage.slots), len(group))
    table = stage.outcomes.reshape(-1, stage.slots)
    if not stage.residual:
        key = np.arange(len(table))[:, None] * groups + group_of[table.astype(np.int64)]
        count = np.bincount(key.ravel(), minlength=len(table) * groups)
        found = count[leaf * groups + group] / stage.slots
    else:
        place = np.zeros(len(group), np.float32) if first is None else first
        found = _residual_chance(codec, group_of, group, coded.code, table.real, leaf, place)
    return float(np.log((1 - SMOOTH) * found + SMOOTH * np.maximum(share[group], 1e-9)).mean())


def _residual_chance(codec: Codec, group_of: Ints, group: Ints, code: Ints, table: Singles, leaf: Ints, place: Singles) -> Floats:
    """Return the part of each row's outcomes that fall, added to its place, within the row's group."""
    share = np.where(codec.dense, codec.share, 0)
    end = np.cumsum(share) / max(share.sum(), 1e-12)
    last = np.r_[group_of[1:] != group_of[:-1], True]
    first = np.r_[True, last[:-1]]
    with np.errstate(divide="ignore"):
        high = ndtri(np.clip(end[last], 0, 1))
        low = ndtri(np.clip(end[first] - share[first] / max(share.sum(), 1e-12), 0, 1))
    # One sorted list of all leaves' outcomes: each leaf's stand 10,000 apart from the next one's.
    apart = 1e4
    flat = np.sort(table, 1).astype(np.float64) + np.arange(len(table))[:, None] * apart
    flat = flat.ravel()
    base = leaf * apart
    own = place.astype(np.float64)
    dense = codec.dense[code]
    spike = float(SPIKE) + code
    lows = np.where(dense, np.clip(low[group] - own, -500, 500), spike - 0.5)
    highs = np.where(dense, np.clip(high[group] - own, -500, 500), spike + 0.5)
    inside = np.searchsorted(flat, base + highs) - np.searchsorted(flat, base + lows)
    return np.asarray(inside / table.shape[1], np.float64)
