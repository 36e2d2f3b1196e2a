"""Names for the array types that the engine passes around."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint32]
Bools = NDArray[np.bool_]
AnyArray = NDArray[Any]
