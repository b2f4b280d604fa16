"""Latency when requests arrive at a fixed rate, whether or not the server keeps up."""

import math
import random
from dataclasses import dataclass

from tests.bench.client import Target, arrive
from tests.bench.messages import check, sign_ins, verify
from tests.bench.rounds import VERIFY_EACH

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a request was due until its response was read."""

    name: str
    rate: int
    pattern: str
    responses: int
    p50: float
    p99: float
    highest: float


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def latency(target: Target, *, rate: int, seconds: float, at_random: bool) -> Latency:
    """Send sign-ins at a rate, evenly or at random times (Poisson), and check every response."""
    count = round(rate * seconds)
    requests = sign_ins(target.destination, count)
    chance = random.Random(7)  # noqa: S311  arrival times, not secrets
    moments, moment = [], 0.0
    for _ in range(count):
        moments.append(moment)
        moment += chance.expovariate(rate) if at_random else 1 / rate
    results = arrive(target, requests, moments.__getitem__, connections=CONNECTIONS)
    for number, (request, response) in enumerate(results):
        assertion = check(request, response)
        if number % VERIFY_EACH == 0:
            verify(assertion, target.certificate)
    milliseconds = [response.seconds * 1000 for _, response in results]
    return Latency(
        target.name,
        rate,
        "at random" if at_random else "evenly",
        count,
        percentile(milliseconds, 0.5),
        percentile(milliseconds, 0.99),
        max(milliseconds),
    )
