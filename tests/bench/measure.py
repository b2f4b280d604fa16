"""Start all servers, measure them in turns and collect the results for the report."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.bench import arrivals, hostile, install, ours, postgres, rows, signing
from tests.bench.arrivals import Latency
from tests.bench.client import Target
from tests.bench.keys import write_key
from tests.bench.ours import GRANIAN, GUNICORN, Site
from tests.bench.peers import lemonldap, pysaml2, samlp, simplesamlphp
from tests.bench.process import CLIENT_CORE, on_core
from tests.bench.profile import Profile, profile
from tests.bench.rounds import Series, Turn, hello_turn, take_turns

PEERS: tuple[ModuleType, ...] = (simplesamlphp, lemonldap, samlp, pysaml2)
ON_GUNICORN, ON_GRANIAN = f"Ssoko, {GUNICORN}", f"Ssoko, {GRANIAN}"
ON_POSTGRESQL, GROWN = f"{ON_GUNICORN}, PostgreSQL", f"{ON_GUNICORN}, large"
FEW, MANY = (10, 10), (1_000_000, 1_000)  # people and applications
SESSIONS = 30
RATE = 200


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure: rounds, seconds of arrivals, and users and applications at scale."""

    rounds: int = 25
    hostile_rounds: int = 7
    seconds: float = 20
    profiled: int = 1500  # sign-ins
    grown: tuple[int, int] = MANY
    peers: bool = True  # run other identity providers and install missing packages


@dataclass(slots=True)
class Results:
    """The measurements, and the reasons for those that are missing."""

    effort: Effort
    speeds: dict[str, signing.Speed] = field(default_factory=dict)
    sign_ins: dict[str, Series] = field(default_factory=dict)
    hostile: dict[str, Series] = field(default_factory=dict)
    latencies: list[Latency] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])


class Bench:
    """All measured servers; they stop when the stack closes."""

    def __init__(
        self, folder: Path, stack: ExitStack, results: Results, say: Callable[[str], None]
    ) -> None:
        self.folder, self.stack, self.results, self.say = folder, stack, results, say
        self.turns: list[Turn] = []
        self.sites: dict[str, tuple[Site, str]] = {}
        self.targets: dict[str, Target] = {}
        self.signed: dict[str, Any] = {}
        self.key = write_key(folder)

    def directory(self, name: str) -> Path:
        """Create a folder that servers of other users can read."""
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        return folder

    def add(self, target: Target) -> None:
        """Add a target to the rounds."""
        self.targets[target.name] = target
        self.turns.append(Turn(target))

    def ours(self, name: str, url: str, grown: tuple[int, int], beside: tuple[int, ...]) -> None:
        """Set up a site, serve it with gunicorn and sign in its users."""
        directory = self.directory(f"site{len(self.sites)}")
        site = ours.set_up_site(directory, url)
        url = url or f"sqlite:///{directory}/data/ssoko.sqlite3"
        running = self.stack.enter_context(ours.gunicorn(site))
        contents = ours.fill_site(site, self.key.certificate.read_text())
        application = contents.application
        people, applications = grown
        rows.execute(
            url,
            rows.crowd(
                contents.person, application["id"], people=people, applications=applications
            ),
        )
        visitors = min(people, SESSIONS)
        names = [rows.person(1 + n * (people // visitors)) for n in range(visitors)]
        self.add(ours.target(name, site.port, running, application, names, beside=beside))
        self.sites[name] = site, url
        if name == ON_GUNICORN:
            self.signed = contents.signed
            self._also_on_granian(site, application, names)

    def _also_on_granian(self, site: Site, application: dict[str, Any], names: list[str]) -> None:
        try:
            install.pip(["granian"], allowed=self.results.effort.peers)
        except install.NotInstalled as reason:
            self.results.missing[ON_GRANIAN] = str(reason)
            return
        second_site = ours.on_another_port(site)
        running = self.stack.enter_context(ours.granian(second_site))
        self.add(ours.target(ON_GRANIAN, second_site.port, running, application, names))

    def hello(self, server: str) -> None:
        """Serve the hello world."""
        target = self.stack.enter_context(ours.hello_world(self.folder, server))
        self.targets[target.name] = target
        self.turns.append(hello_turn(target))

    def peer(self, module: ModuleType) -> None:
        """Install and run another identity provider, or record why that is not possible."""
        if not self.results.effort.peers:
            self.results.missing[module.NAME] = "skipped on request"
            return
        directory = self.directory(module.__name__.rpartition(".")[2])
        try:
            self.results.versions[module.NAME] = module.install(directory)
            self.add(self.stack.enter_context(module.run(directory, self.key)))
        except (install.NotInstalled, OSError, RuntimeError) as reason:
            self.say(f"{module.NAME} is not measured: {reason}")
            self.results.missing[module.NAME] = str(reason).splitlines()[0][:300]


def measure(effort: Effort, say: Callable[[str], None]) -> Results:
    """Measure everything."""
    results = Results(effort)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ssoko-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # peers run as other users
        stack.enter_context(on_core(CLIENT_CORE))
        _signing(folder, results, say)
        bench = Bench(folder, stack, results, say)
        _start(bench)
        say(f"{effort.rounds} rounds of {len(bench.turns)} servers")
        results.sign_ins = take_turns(bench.turns, effort.rounds)
        _check_events(bench)
        say("hostile requests")
        target, signed = bench.targets[ON_GUNICORN], bench.signed["metadata"]["login_endpoint"]
        results.hostile = take_turns(hostile.turns(target, signed), effort.hostile_rounds)
        _latencies(bench)
        say("where the time goes")
        for server, (site, _) in bench.sites.items():
            results.profiles[server] = profile(
                bench.targets[server], site.environment, effort.profiled
            )
    results.seconds = time.monotonic() - begin
    return results


def _signing(folder: Path, results: Results, say: Callable[[str], None]) -> None:
    say("signed responses in process")
    for package in ("signxml", "pysaml2"):
        try:
            install.pip([package], allowed=results.effort.peers)
        except install.NotInstalled as reason:
            results.missing[f"{package}, responses"] = str(reason)
    results.speeds = signing.measure(folder, results.effort.rounds)


def _start(bench: Bench) -> None:
    bench.say("setting the servers up")
    bench.ours(ON_GUNICORN, "", FEW, ())
    bench.ours(GROWN, "", bench.results.effort.grown, ())
    if postgres.programs() is None:
        bench.results.missing[ON_POSTGRESQL] = "postgresql is not installed"
    else:
        cluster = bench.stack.enter_context(postgres.cluster(bench.directory("cluster")))
        bench.ours(ON_POSTGRESQL, cluster.url, FEW, (cluster.running.process.pid,))
    bench.hello(GUNICORN)
    if ON_GRANIAN in bench.targets:
        bench.hello(GRANIAN)
    for module in PEERS:
        bench.peer(module)
    bench.results.versions |= _versions()


def _versions() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for package in ("gunicorn", "granian", "signxml", "python3-saml", "pysaml2", "cryptography"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _check_events(bench: Bench) -> None:
    """Check that each sign-in recorded an event; sign-ins with a password record more."""
    for name, (_, url) in bench.sites.items():
        sign_ins_sent = sum(
            series.responses
            for other, series in bench.results.sign_ins.items()
            if other == name or (name, other) == (ON_GUNICORN, ON_GRANIAN)
        )
        written = rows.count_events(url)
        if written < sign_ins_sent:
            raise RuntimeError(f"{name}: {written} events after {sign_ins_sent} sign-ins")


def _latencies(bench: Bench) -> None:
    for name in (ON_GUNICORN, ON_GRANIAN):
        if name in bench.targets:
            for at_random in (False, True):
                bench.say(f"{RATE} arrivals a second, {name}")
                bench.results.latencies.append(
                    arrivals.latency(
                        bench.targets[name],
                        rate=RATE,
                        seconds=bench.results.effort.seconds,
                        at_random=at_random,
                    )
                )


def to_stderr(line: str) -> None:
    """Print the progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
