"""The performance targets and whether they are met."""

from dataclasses import dataclass

from tests.bench import measure as names
from tests.bench import signing
from tests.bench.measure import ON_GRANIAN, ON_GUNICORN, ON_POSTGRESQL, RATE, Results
from tests.bench.peers import lemonldap, pysaml2, simplesamlphp


@dataclass(frozen=True, slots=True)
class Aim:
    """One target: a lower or an upper limit of a figure."""

    what: str
    aimed: float
    at_least: bool
    figure: float | None
    missing: str = ""

    @property
    def reached(self) -> bool:
        """Return whether the figure, rounded to two digits as shown, meets the target."""
        if self.figure is None:
            return False
        rounded = round(self.figure, 2)
        return rounded >= self.aimed if self.at_least else rounded <= self.aimed

    def row(self) -> str:
        """Return the row of the table."""
        sign = ">=" if self.at_least else "<="
        if self.figure is None:
            return f"| {self.what} | {sign} {self.aimed:g} | not measured: {self.missing} | |"
        verdict = "met" if self.reached else "**missed**"
        return f"| {self.what} | {sign} {self.aimed:g} | {self.figure:.2f} | {verdict} |"


def aims(results: Results) -> list[Aim]:
    """Return all targets with their figures."""
    speeds, series = results.speeds, results.sign_ins
    response = speeds[signing.OURS].of_limit
    targets = [Aim("signed response, rate / bare signature rate", 0.85, True, response)]
    for name, aim in ((ON_GUNICORN, 0.25), (ON_GRANIAN, 0.30)):
        targets.append(
            Aim(
                f"sign-in over HTTP, rate / bare signature rate: {name}",
                aim,
                True,
                series[name].of_limit if name in series else None,
                results.missing.get(name, ""),
            )
        )
    ours = series[ON_GUNICORN]
    for peer, aim in ((simplesamlphp, 2.5), (lemonldap, 10), (pysaml2, 25)):
        other = series.get(peer.NAME)
        targets.append(
            Aim(
                f"CPU of a sign-in, {peer.NAME} / Ssoko on gunicorn",
                aim,
                True,
                other.times(ours) if other else None,
                results.missing.get(peer.NAME, ""),
            )
        )
    for latency in results.latencies:
        if latency.pattern == "evenly":
            what = f"p99 at {RATE} arrivals a second, ms: {latency.name}"
            targets.append(Aim(what, 12, False, latency.p99))
    people, applications = results.effort.grown
    grown = series[names.GROWN].times(ours)
    what = f"CPU of a sign-in, {people:,} users and {applications:,} applications / 10 and 10"
    targets.append(Aim(what, 1.10, False, grown))
    postgres = series.get(ON_POSTGRESQL)
    targets.append(
        Aim(
            "CPU of a sign-in in the application, PostgreSQL / SQLite",
            1.3,
            False,
            postgres.times(ours) if postgres else None,
            results.missing.get(ON_POSTGRESQL, ""),
        )
    )
    return targets
