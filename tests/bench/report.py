"""Write the results as a page of Markdown."""

import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench.aims import aims
from tests.bench.measure import GROWN, ON_GRANIAN, ON_GUNICORN, ON_POSTGRESQL, Results
from tests.bench.ours import GRANIAN, GUNICORN
from tests.bench.rounds import Series
from tests.bench.signing import ADD_SIGN, OURS

QUIET = 0.7  # a higher load average affects the latencies
INTRODUCTION = """# Performance

`make bench` writes this page; do not edit it. Compare ratios of CPU time, not absolute times. Each
ratio is measured in short rounds in which all candidates take turns, so a change in machine speed
affects all of them. The unit is one RSA-2048 signature (`cryptography`), measured on the servers'
core right before each turn: a sign-in with a signed assertion cannot cost less.

- **The task**: a user with a session, a SAML request by HTTP-Redirect, and a response by HTTP-POST
  with a signed assertion of 8 attributes with 12 values. It is the same for every identity
  provider, on the same core, in the same run.
- **Ssoko** runs as shipped, with headers, access checks, events and log. It uses one process with
  one thread; `ssoko serve` starts gunicorn. The other products run near their default settings.
- **CPU** is that of the server's process tree, including the web server and child processes.
  Servers run on one core and the client on another, with 4 persistent connections.
- **Every response is checked**: status Success, InResponseTo, RelayState, ACS URL, one signed
  assertion, all values. Every 50th signature is verified with xmlsec.

SimpleSAMLphp and LemonLDAP::NG keep sessions in files and write a log, but no event. LemonLDAP::NG
also signs the response. npm samlp and pysaml2 in Flask use a signed cookie and no database, which
is an advantage. No product is tuned, and we know our own server better than the others.
"""


def report(results: Results) -> str:
    """Return the page."""
    parts = [
        INTRODUCTION,
        _conditions(results),
        _aims(results),
        _missing(results),
        _signing(results),
        _sign_ins(results),
        _latencies(results),
        _growth_and_engines(results),
        _hostile(results),
        _profile(results),
    ]
    return "\n".join(part for part in parts if part)


def _table(head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|" + " --- |" * columns, *rows]) + "\n"


def _conditions(results: Results) -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(results.versions.items()))
    return (
        f"Measured on {time.strftime('%d %B %Y', time.gmtime())} in {results.seconds:.0f} seconds, "
        f"{results.effort.rounds} rounds; {models[0] if models else 'unknown processor'}, "
        f"{len(models)} cores, load average {results.load_before:.1f} before. {versions}.\n"
    )


def _aims(results: Results) -> str:
    rows = [goal.row() for goal in aims(results)]
    return "## Goals\n\n" + _table("| figure | goal | measured | |", rows)


def _missing(results: Results) -> str:
    if not results.missing:
        return ""
    lines = [f"- {name}: not measured: {reason}" for name, reason in results.missing.items()]
    return "## Not measured\n\n" + "\n".join(lines) + "\n"


def _signing(results: Results) -> str:
    ours = results.speeds[OURS]
    rows = [
        f"| {name} | {speed.cost * 1e6:,.0f} | {speed.of_limit:.2f} | {1 / speed.of_limit:.2f} "
        f"| {speed.cost / ours.cost:.2f} |"
        for name, speed in results.speeds.items()
    ]
    head = "| in process | CPU us | rate / bare signatures | in signatures | CPU / Ssoko |"
    note = f"{ADD_SIGN} and signxml sign an existing document. pysaml2 also builds it.\n"
    return "## Signed response\n\n" + _table(head, rows) + "\n" + note


def _sign_ins(results: Results) -> str:
    ours = results.sign_ins[ON_GUNICORN]
    hello = {
        ON_GUNICORN: results.sign_ins[f"hello world, {GUNICORN}"],
        ON_GRANIAN: results.sign_ins.get(f"hello world, {GRANIAN}"),
    }
    rows = []
    for name, series in results.sign_ins.items():
        same = hello.get(name)
        beside = f"{series.times(same):.1f}" if same else ""
        rows.append(
            f"| {name} | {series.median(lambda turn: turn.cpu) * 1000:.2f} "
            f"| {1 / series.median(lambda turn: turn.clock):,.0f} | {series.of_limit:.3f} "
            f"| {1 / series.of_limit:.1f} | {series.times(ours):.2f} | {beside} "
            f"| {series.responses:,} / {series.verified:,} |"
        )
    head = (
        "| server | CPU ms | per second | rate / bare signatures | in signatures "
        "| CPU / Ssoko on gunicorn | CPU / hello world | responses / verified |"
    )
    return "## Sign-in over HTTP\n\n" + _table(head, rows)


def _latencies(results: Results) -> str:
    rows = [
        f"| {latency.name} | {latency.rate}, {latency.pattern} | {latency.p50:.1f} "
        f"| {latency.p99:.1f} | {latency.highest:.1f} | {latency.responses:,} |"
        for latency in results.latencies
    ]
    head = "| server | arrivals a second | p50 ms | p99 ms | highest ms | responses |"
    note = (
        "Latency is measured from the time a request was due. With random (Poisson) arrivals, some "
        "requests arrive together and wait for each other on any server.\n"
    )
    if results.load_before > QUIET:
        note += (
            "\n**Other work was running on the same cores** (load average "
            f"{results.load_before:.1f} before), so these latencies say little about the server.\n"
        )
    return "## Latency\n\n" + _table(head, rows) + "\n" + note


def _growth_and_engines(results: Results) -> str:
    users, applications = results.effort.grown
    with_beside = [
        (name, series)
        for name, series in results.sign_ins.items()
        if series.median(lambda turn: turn.beside)
    ]
    lines = [
        f"Large means {users:,} users, each with a role and a group, and {applications:,} "
        "applications, each with its own issuer. The sign-ins are of users across the whole table, "
        "to one application.\n"
    ]
    lines += [
        f"{name}: the database takes another "
        f"{series.median(lambda turn: turn.beside) * 1000:.2f} ms of CPU per sign-in, on the same "
        "core.\n"
        for name, series in with_beside
    ]
    return "\n".join(lines)


def _hostile(results: Results) -> str:
    rows = [_hostile_row(name, series) for name, series in results.hostile.items()]
    head = "| request with a session; each is refused with a page | CPU ms | in signatures |"
    return "## Hostile requests\n\n" + _table(head, rows)


def _hostile_row(name: str, series: Series) -> str:
    cpu = series.median(lambda turn: turn.cpu) * 1000
    return f"| {name} | {cpu:.2f} | {1 / series.of_limit:.1f} |"


def _profile(results: Results) -> str:
    inside, ours = results.profiles[ON_GUNICORN], results.sign_ins[ON_GUNICORN]
    whole = ours.median(lambda turn: turn.cpu)
    parts = {name for profile in results.profiles.values() for name in profile.owners}
    rows = [
        f"| {name} | {inside.owners.get(name, 0):.0%} | "
        + " | ".join(
            f"{profile.owners.get(name, 0) * profile.cpu * 1000:.2f}"
            for profile in results.profiles.values()
        )
        + " |"
        for name in sorted(parts, key=lambda name: -inside.owners.get(name, 0))
    ]
    note = (
        f"Without a server, the application uses {inside.cpu * 1000:.2f} ms of CPU for a sign-in. "
        f"Over HTTP on gunicorn it is {whole * 1000:.2f} ms, so the server and the kernel use "
        f"about {max(0.0, whole - inside.cpu) * 1000:.2f} ms. Shares of the application's time, "
        "from stack samples (the standard library counts towards its caller):\n"
    )
    largest = [
        f"| `{name}` | {share:.0%} | {share * inside.cpu * 1000:.2f} |"
        for name, share in list(inside.functions.items())[:24]
    ]
    engines = {ON_GUNICORN: "SQLite", GROWN: "SQLite, large", ON_POSTGRESQL: "PostgreSQL"}
    columns = " | ".join(f"CPU ms, {engines[name]}" for name in results.profiles)
    return "\n".join(
        [
            "## Where the time goes\n",
            note,
            _table(f"| part | share, SQLite | {columns} |", rows),
            "Including the functions they call, on SQLite:\n",
            _table("| function | share | CPU ms |", largest),
        ]
    )
