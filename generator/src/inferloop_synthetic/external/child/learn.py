"""Let SDV or CTGAN learn a frame, and give what was learned as plain arrays.

A frame has numbers without gaps and categories numbered from 0. Together with what was learned goes a probe: an input and what
the library itself makes of it, so that the owner can prove that it draws as the library would.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
from joblib import parallel_config

Arrays = dict[str, np.ndarray[Any, Any]]
Progress = Callable[[int, int], None]
PROBES = 400


def learn(request: dict[str, Any], arrays: Arrays, progress: Progress) -> tuple[dict[str, Any], Arrays]:
    """Return what was learned: a header and arrays, as the engine's own export function lays them out."""
    seed = int(request["seed"])
    random.seed(seed)
    np.random.seed(seed)
    numbers, categories = request["numbers"], request["categories"]
    frame = pd.DataFrame({n: arrays[n].astype(float) for n in numbers} | {n: _labels(arrays[n]) for n in categories})
    frame = frame[request["order"]]
    options = request["options"]
    # CTGAN spreads the preparation of columns over processes, each with a copy of the table and of torch, and unseeded. Threads
    # would take random numbers from one stream in whichever order they run; the work is a loop in Python anyway.
    with parallel_config(backend="sequential"):
        return _learn(request["engine"], frame, numbers, categories, options, seed, progress)


def _learn(
    engine: str,
    frame: pd.DataFrame,
    numbers: list[str],
    categories: list[str],
    options: dict[str, Any],
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Any], Arrays]:
    match engine:
        case "ctgan":
            return _ctgan(frame, categories, options, seed, progress)
        case "tvae" | "copulagan":
            return _sdv_network(engine, frame, numbers, categories, options, seed, progress)
        case "gaussian-copula":
            return _sdv_copula(frame, numbers, categories, options)
        case other:
            raise ValueError(f"unknown engine {other}")


def _labels(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([f"v{code}" for code in codes.tolist()], object)


def _codes(labels: Any) -> np.ndarray[Any, Any]:
    return np.array([int(str(label)[1:]) for label in labels], np.int64)


# ------------------------------------------------------------------------------------------------------------- networks


def _ctgan(
    frame: pd.DataFrame, categories: list[str], options: dict[str, Any], seed: int, progress: Progress
) -> tuple[dict[str, Any], Arrays]:
    from ctgan.synthesizers import ctgan as library

    _seed_torch(seed)
    _report_epochs(library, progress)
    model = library.CTGAN(**options)
    model.fit(frame, discrete_columns=categories)
    header, arrays = _generator(model)
    return {**header, "versions": _versions("ctgan", "torch")}, arrays


def _sdv_network(
    engine: str,
    frame: pd.DataFrame,
    numbers: list[str],
    categories: list[str],
    options: dict[str, Any],
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Any], Arrays]:
    from ctgan.synthesizers import ctgan, tvae
    from sdv import single_table

    _seed_torch(seed)
    _report_epochs(ctgan, progress)
    _report_epochs(tvae, progress)
    kind = single_table.TVAESynthesizer if engine == "tvae" else single_table.CopulaGANSynthesizer
    synthesizer = _fitted(kind, frame, numbers, categories, options)
    header, arrays = _decoder(synthesizer._model) if engine == "tvae" else _generator(synthesizer._model)
    if engine == "copulagan":
        arrays |= _normaliser(synthesizer._gaussian_normalizer_hyper_transformer, frame, numbers)
    return {**header, "versions": _versions("sdv", "ctgan", "torch")}, arrays


def _fitted(kind: Any, frame: pd.DataFrame, numbers: list[str], categories: list[str], options: dict[str, Any]) -> Any:
    """Return a fitted synthesizer, having made sure that SDV hands the frame to the model as it is."""
    from sdv.metadata import Metadata

    columns = {n: {"sdtype": "numerical"} for n in numbers}
    columns |= {n: {"sdtype": "categorical"} for n in categories}
    metadata = Metadata.load_from_dict({"tables": {"table": {"columns": {n: columns[n] for n in frame.columns}}}})
    synthesizer = kind(metadata, enforce_rounding=False, **options)
    synthesizer.fit({"table": frame})
    processed = synthesizer._data_processor.transform(frame)
    for name in numbers:
        if not np.allclose(processed[name], frame[name]):
            raise RuntimeError(f"SDV {version('sdv')} transforms numbers in a way that this version does not know")
    return synthesizer


def _generator(model: Any) -> tuple[dict[str, Any], Arrays]:
    import torch

    sampler, network = model._data_sampler, model._generator.to("cpu")
    network.train()
    shares = sampler._discrete_column_category_prob.flatten()
    shares = shares[shares != 0]
    wide = int(sampler.dim_cond_vec())
    columns, arrays = _columns(model._transformer)
    layers = []
    for module in network.seq:
        if hasattr(module, "bn"):
            norm = module.bn
            layers.append({"residual": True, "epsilon": norm.eps})
            arrays |= {f"weight{len(layers)}": module.fc.weight, f"bias{len(layers)}": module.fc.bias}
            arrays |= {f"gain{len(layers)}": norm.weight, f"shift{len(layers)}": norm.bias}
        else:
            layers.append({"residual": False})
            arrays |= {f"weight{len(layers)}": module.weight, f"bias{len(layers)}": module.bias}
    noise = torch.randn(PROBES, model._embedding_dim)
    wanted = torch.nn.functional.one_hot(torch.arange(PROBES) % wide, wide).float() if wide else torch.zeros(PROBES, 0)
    arrays["probe_input"] = torch.cat([noise, wanted], 1)
    with torch.no_grad():
        outcome = network(arrays["probe_input"])
    arrays["probe_output"] = outcome
    plain = _arrays(arrays) | {"wanted_share": shares / shares.sum() if wide else np.zeros(0)}
    plain["probe_values"] = _values(model._transformer, _activated(outcome, columns), None)
    header = {"columns": columns, "layers": layers, "noise": model._embedding_dim, "block": model._batch_size}
    return {**header, "random_pick": True, "device": _device(model._device)}, plain


def _decoder(model: Any) -> tuple[dict[str, Any], Arrays]:
    import torch

    network = model.decoder.to("cpu")
    network.eval()
    columns, arrays = _columns(model.transformer)
    layers = []
    linear = [module for module in network.seq if hasattr(module, "weight")]
    for k, module in enumerate(linear, 1):
        layers.append({"residual": False, "rectified": k < len(linear)})
        arrays |= {f"weight{k}": module.weight, f"bias{k}": module.bias}
    arrays["sigma"] = network.sigma
    arrays["probe_input"] = torch.randn(PROBES, model.embedding_dim)
    with torch.no_grad():
        outcome = network(arrays["probe_input"])[0]
    arrays["probe_output"] = outcome
    plain = _arrays(arrays)
    plain["probe_values"] = _values(model.transformer, _activated(outcome, columns), np.zeros(outcome.shape[1]))
    header = {"columns": columns, "layers": layers, "noise": model.embedding_dim, "block": model.batch_size}
    return {**header, "random_pick": False, "device": _device(model._device)}, plain | {"wanted_share": np.zeros(0)}


def _columns(transformer: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    columns, arrays = [], {}
    for k, info in enumerate(transformer._column_transform_info_list):
        if info.column_type == "continuous":
            mixture, valid = info.transform._bgm_transformer, info.transform.valid_component_indicator
            arrays[f"mean{k}"] = mixture.means_.reshape(-1)[valid]
            arrays[f"spread{k}"] = info.transform.STD_MULTIPLIER * np.sqrt(mixture.covariances_).reshape(-1)[valid]
        else:
            arrays[f"level{k}"] = _codes(info.transform.dummies)
        columns.append({"name": info.column_name, "discrete": info.column_type != "continuous"})
    return columns, arrays


def _activated(outcome: Any, columns: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """Squash as the libraries do; which outcome is largest, and so picked, is not changed by that."""
    return np.asarray(np.tanh(np.asarray(outcome, float)))


def _values(transformer: Any, outcome: np.ndarray[Any, Any], sigma: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
    """Return the library's own reading of the network's output: numbers, and the numbers of categories."""
    frame = transformer.inverse_transform(outcome, sigma)
    columns = [frame[n] if pd.api.types.is_numeric_dtype(frame[n]) else _codes(frame[n]) for n in frame.columns]
    return np.column_stack([np.asarray(column, float) for column in columns])


def _arrays(values: dict[str, Any]) -> Arrays:
    return {name: value.detach().numpy() if hasattr(value, "detach") else np.asarray(value) for name, value in values.items()}


def _report_epochs(library: Any, progress: Progress) -> None:
    """Stand in for the progress bar that the library wraps its epochs in: its only place to look in from outside."""

    def epochs(steps: Any, **_: Any) -> Any:
        for done, step in enumerate(steps):
            progress(done, len(steps))
            yield step

    library.tqdm = epochs


def _seed_torch(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _device(device: Any) -> str:
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


# --------------------------------------------------------------------------------------------------------------- copulas


def _knots(request_end: float = 6.0, count: int = 4097) -> np.ndarray[Any, Any]:
    return np.linspace(-request_end, request_end, count)


def _sdv_copula(
    frame: pd.DataFrame, numbers: list[str], categories: list[str], options: dict[str, Any]
) -> tuple[dict[str, Any], Arrays]:
    from scipy.special import ndtr
    from sdv.single_table import GaussianCopulaSynthesizer

    synthesizer = _fitted(GaussianCopulaSynthesizer, frame, numbers, categories, options)
    model, transformers = synthesizer._model, synthesizer._data_processor._hyper_transformer.field_transformers
    order = list(model.columns)
    knots = _knots()
    arrays: Arrays = {"correlation": np.asarray(model.correlation, float), "knots": knots}
    arrays["tables"] = np.array([u.percent_point(ndtr(knots)) for u in model.univariates])
    for k, name in enumerate(order):
        if name in categories:
            intervals = transformers[name].intervals
            labels = sorted(intervals, key=lambda label: intervals[label][0])
            arrays[f"level{k}"] = _codes(labels)
            arrays[f"edge{k}"] = np.array([intervals[label][1] for label in labels], float)
    normal = np.random.default_rng(1).standard_normal((PROBES, len(order)))
    uniform = {n: u.percent_point(ndtr(normal[:, k])) for k, (n, u) in enumerate(zip(order, model.univariates, strict=True))}
    drawn = synthesizer._data_processor.reverse_transform(pd.DataFrame(uniform))
    arrays["probe_input"] = normal
    columns = [np.asarray(drawn[n], float) if n in numbers else _codes(drawn[n]).astype(float) for n in order]
    arrays["probe_values"] = np.column_stack(columns)
    learned = {n: found["distribution"] for n, found in synthesizer.get_learned_distributions().items()}
    header = {"columns": [{"name": n, "discrete": n in categories} for n in order], "distributions": learned}
    return {**header, "device": "cpu", "versions": _versions("sdv", "copulas")}, arrays


def _normaliser(transformer: Any, frame: pd.DataFrame, numbers: list[str]) -> Arrays:
    """Tabulate how CopulaGAN turns the network's numbers into those of the table."""
    knots = _knots()
    grid = {n: knots if n in numbers else np.resize(frame[n].to_numpy(), len(knots)) for n in frame.columns}
    back = transformer.reverse_transform(pd.DataFrame(grid))
    return {"knots": knots} | {f"table {n}": back[n].to_numpy(float) for n in numbers}


def _versions(*names: str) -> dict[str, str]:
    return {name: version(name) for name in names}
