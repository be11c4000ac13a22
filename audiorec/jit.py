"""The one home of numba: compiled loops for what numpy cannot say in whole-array steps.

Two things need them: recursions (the K-weighting filter, the beat tracker) and one walk over each spectrum where
numpy would make ten. Compiled code is kept on disk where that is possible, so that only the first run after an
installation pays for the compiler.
"""

from collections.abc import Callable

import numba

# Sums may be reordered and multiply-adds fused; infinities and NaN keep their meaning.
_FAST = {"reassoc", "contract", "arcp", "nsz"}


def jit(function: Callable) -> Callable:
    """Compile `function` on its first call; cached on disk if any cache folder is writable."""
    try:
        return numba.njit(fastmath=_FAST, cache=True)(function)
    except RuntimeError:  # numba found no place to write its cache
        return numba.njit(fastmath=_FAST)(function)
