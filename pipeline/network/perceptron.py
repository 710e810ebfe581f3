"""A trained network as plain arrays: their shapes, and what it predicts, in NumPy.

Torch takes seconds to load, and a few rows need no torch. The numbers are those of
`StackedMLP.predict` up to rounding.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod

import numpy as np

from pipeline.data.encoder import CACHE_LINE

# Torch computes full SIMD vectors by one routine and the rest of a tensor by another,
# which rounds differently. It also sums in another order if a row does not begin at a
# cache line. With hidden layers padded to LANES and inputs padded to CACHE_LINE neither
# happens, so a network's numbers do not depend on its position in the stack.
LANES = 32


def shapes(d_in: int, hidden: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of one network by name, including padding."""
    widths = [padded(width, LANES) for width in hidden]
    sizes = pairwise([padded(d_in, CACHE_LINE), *widths])
    layers: dict[str, tuple[int, ...]] = {
        f"layer{number}": pair for number, pair in enumerate(sizes)
    }
    return layers | {"output": (widths[-1],), "biases": (sum(widths) + LANES,)}


def size(d_in: int, hidden: Sequence[int]) -> int:
    """Return the number of parameters of one network, including padding."""
    return sum(map(prod, shapes(d_in, hidden).values()))


def predict(arrays: Mapping[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """Return the output for standardised rows [n, d_in] of one network, shape (n,)."""
    above, start = inputs, 0
    for number in range(sum(name.startswith("layer") for name in arrays)):
        layer = arrays[f"layer{number}"][: above.shape[1]]
        end = start + layer.shape[1]
        above = above @ layer + arrays["biases"][start:end]
        above *= 0.5 + 0.5 * np.tanh(0.5 * above)  # the sigmoid, which cannot overflow
        start = end
    return np.asarray(above @ arrays["output"] + arrays["biases"][start])


def padded(width: int, line: int) -> int:
    """Round a width up to a multiple of `line`."""
    return -(-width // line) * line
