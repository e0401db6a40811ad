"""Intervals of proportions."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(successes: float, number: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a proportion.

    Args:
        successes: The number of successes.
        number: The number of trials, above 0.
        confidence: Confidence level of the interval.

    Example:
        >>> low, high = wilson(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    part, scale = successes / number, 1 + z * z / number
    middle = (part + z * z / (2 * number)) / scale
    margin = z * math.sqrt(part * (1 - part) / number + z * z / (4 * number * number)) / scale
    low = 0.0 if successes == 0 else middle - margin
    return low, 1.0 if successes == number else middle + margin
