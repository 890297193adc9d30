"""The kinds of arrays that pictures are made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
Floats = NDArray[np.floating[Any]]
"""Usually float32; sums with Python's numbers may widen it."""
Colour = Floats
"""Red, green and blue, 0–1 (sRGB values, mixed as a painter would)."""
Indices = NDArray[np.integer[Any]]
Random = np.random.Generator
