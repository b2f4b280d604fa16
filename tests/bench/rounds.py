"""Short rounds that measure all targets in turns, each together with bare signatures."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.client import Target, load
from tests.bench.keys import Signer
from tests.bench.messages import Request, Response, check, sign_ins, verify

SLICE = 0.15  # seconds of CPU of each target in a round
SIGNATURES = 0.02  # seconds of bare signatures before each
WARM = 24
VERIFY_EACH = 50
FEWEST, MOST = 4, 300


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of one target: CPU and clock seconds of one request, and of one signature."""

    signature: float
    cpu: float
    beside: float
    clock: float


@dataclass(slots=True)
class Series:
    """All turns of one target."""

    name: str
    rounds: list[Round] = field(default_factory=list)
    responses: int = 0
    verified: int = 0

    def median(self, value: Callable[[Round], float]) -> float:
        """Return the median over the rounds."""
        return statistics.median(value(turn) for turn in self.rounds)

    @property
    def of_limit(self) -> float:
        """Return the rate as a share of the rate of bare signatures on the same core."""
        return self.median(lambda turn: turn.signature / turn.cpu)

    def times(self, other: "Series") -> float:
        """Return the CPU cost of this target as a multiple of the cost of another target."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        # Each cost is in signatures of the same moment, because the machine's speed varies.
        return statistics.median(
            (mine.cpu / mine.signature) / (its.cpu / its.signature) for mine, its in pairs
        )


class Turn:
    """A target, the number of requests in its slice, and how to create and check them."""

    def __init__(
        self,
        target: Target,
        make: Callable[[int], list[Request]] | None = None,
        checked: Callable[[Request, Response], object] | None = None,
    ) -> None:
        self.target = target
        self.series = Series(target.name)
        self._make = make or self._sign_ins
        self._checked = checked or self._sign_in
        self._count = FEWEST

    def _sign_ins(self, count: int) -> list[Request]:
        return sign_ins(self.target.destination, count)

    def _sign_in(self, request: Request, response: Response) -> None:
        assertion = check(request, response)
        if self.series.responses % VERIFY_EACH == 0:
            verify(assertion, self.target.certificate)
            self.series.verified += 1

    def warm(self) -> None:
        """Fill the caches and compute the number of requests in a slice."""
        load(self.target, self._make(WARM))
        measured = load(self.target, self._make(FEWEST * 2))
        self._count = max(FEWEST, min(MOST, round(SLICE / max(measured.cpu, 1e-6))))

    def take(self, signer: Signer) -> None:
        """Measure one slice; a wrong response raises."""
        signature = signer.cost(SIGNATURES)
        measured = load(self.target, self._make(self._count))
        for request, response in measured.responses:
            self._checked(request, response)
            self.series.responses += 1
        self.series.rounds.append(Round(signature, measured.cpu, measured.beside, measured.clock))


def take_turns(turns: Sequence[Turn], rounds: int) -> dict[str, Series]:
    """Measure all targets in every round."""
    signer = Signer()
    for turn in turns:
        turn.warm()
    for _ in range(rounds):
        for turn in turns:
            turn.take(signer)
    return {turn.target.name: turn.series for turn in turns}


def hello_turn(target: Target) -> Turn:
    """Return the turn of a hello world."""

    def checked(_: Request, response: Response) -> None:
        assert response.status == 200 and response.body == b"Hello, world", response

    return Turn(target, lambda count: [Request("/")] * count, checked)
