"""Which engine a request's `generator_type` means: the names that earlier services of this kind used."""

from __future__ import annotations

from inferloop_synthetic.errors import InputError

GENERATOR_TYPES: dict[str, dict[str, str]] = {
    "sdv": {"gaussian_copula": "gaussian-copula", "copula_gan": "copulagan", "tvae": "tvae", "ctgan": "ctgan"},
    "ctgan": {"ctgan": "ctgan", "tvae": "tvae"},
}
"""For each `generator_type` the engine of each `model_type`; the first is meant where none is given."""
REPLACED = {"ydata": "ctgan"}


def engine_for(generator_type: str, model_type: str | None = None) -> str:
    """Return the name of the engine that is meant.

    Raises InputError for a type or model that there is not; for `ydata` it names the engines to ask for instead.
    """
    if generator_type in REPLACED:
        raise InputError(
            f"generator_type {generator_type!r} is not offered: its networks are replaced by engine "
            f"{REPLACED[generator_type]!r} (generator_type 'ctgan'), its mixture models by engine 'tabular' (the default)"
        )
    models = GENERATOR_TYPES.get(generator_type)
    if models is None:
        known = ", ".join([*GENERATOR_TYPES, *REPLACED])
        raise InputError(f"there is no generator_type {generator_type!r}; known are {known}")
    if model_type is None:
        return next(iter(models.values()))
    if model_type not in models:
        raise InputError(f"generator_type {generator_type!r} has no model_type {model_type!r}; it has {', '.join(models)}")
    return models[model_type]
