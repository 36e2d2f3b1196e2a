"""Synthetic tables that keep the statistics of the real one.

import inferloop_synthetic as synthetic
fake = synthetic.synthesize(frame, rows=100_000, seed=7)
"""

from importlib.metadata import version

from inferloop_synthetic.engine import Condition, Engine, Model
from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError, SyntheticError
from inferloop_synthetic.sdk import fit, sample, synthesize, validate

__version__ = version("inferloop-synthetic")
__all__ = [
    "Condition",
    "ConstraintError",
    "Engine",
    "InputError",
    "Model",
    "ModelFileError",
    "SyntheticError",
    "__version__",
    "fit",
    "sample",
    "synthesize",
    "validate",
]
