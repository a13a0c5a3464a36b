"""How long a department takes today: lognormal, because most answers are quick and some are very slow."""

import math
import random
from datetime import timedelta

from demo.ground.entry import Latency

_Z95 = 1.6448536269514722
"""The 95th percentile of the standard normal distribution."""


def sample(latency: Latency, dice: random.Random) -> timedelta:
    """Return one latency whose median is `typical` and whose 95th percentile is `p95`."""
    middle = math.log(latency.typical.total_seconds())
    spread = (math.log(latency.p95.total_seconds()) - middle) / _Z95
    return timedelta(seconds=math.exp(dice.gauss(middle, spread)))
