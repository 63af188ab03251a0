"""How sure a share of right answers is."""

import math
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval (1927) of a share between 0 and 1; from 0 to 1 of nothing.

    Unlike a bootstrap's it is no single point where all answers are right, or none is.
    """
    if not count:
        return 0.0, 1.0
    middle, whole = share + Z**2 / (2 * count), 1 + Z**2 / count
    wide = Z * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    low, high = (middle - wide) / whole, (middle + wide) / whole
    return max(0.0, min(share, low)), min(1.0, max(share, high))
