"""Deterministic random numbers: the same whole numbers always give the same result."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

_MASK = (1 << 64) - 1


def mix(*numbers: int) -> int:
    """Return a 64-bit hash of some numbers (the finaliser of splitmix64 after each one).

    Faster than seeding a random generator where one or two draws are needed.
    """
    value = 0x9E3779B97F4A7C15
    for number in numbers:
        value = (value ^ number) & _MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        value ^= value >> 31
    return value


def generator(*numbers: int) -> random.Random:
    """Return a random generator, seeded by some numbers."""
    return random.Random(mix(*numbers))  # noqa: S311 - invented football, not cryptography


def poisson(draw: Callable[[], float], mean: float) -> int:
    """Return a Poisson-distributed whole number."""
    limit = math.exp(-mean)
    count = 0
    product = draw()
    while product > limit:
        count += 1
        product *= draw()
    return count
