"""Draw the results as a page of Markdown."""

import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench.aims import aims
from tests.bench.measure import GROWN, ON_GRANIAN, ON_GUNICORN, ON_POSTGRESQL, Results
from tests.bench.ours import GRANIAN, GUNICORN
from tests.bench.rounds import Series
from tests.bench.signing import ADD_SIGN, OURS

QUIET = 0.7  # load average from which others' work shows in latencies
INTRODUCTION = """# Performance

`make bench` makes this page; do not edit it. The figures that count are ratios of CPU time, each
measured in short rounds in which all candidates take turns, so that a machine whose speed wanders
slows all alike. The unit is one RSA-2048 signature (`cryptography`), measured on the servers' core
right before each turn: a sign-in that answers with a signed assertion cannot cost less.

- **The job**: a person with a session present, an AuthnRequest by HTTP-Redirect, an answer by
  HTTP-POST with a signed assertion of 8 attributes with 12 values. The same for every identity
  provider, on the same core, in the same run.
- **Ssoko** runs as shipped: headers, policy, event and log on, one process with one thread,
  `ssoko serve` for gunicorn. The peers run near the defaults of their packages.
- **CPU** is that of the server's process tree, web server and children included. Servers run on one
  core, the client on another, with 4 connections that are kept.
- **Every answer is checked**: status Success, InResponseTo, RelayState, ACS URL, one signed
  assertion, all values. Every 50th signature is verified with xmlsec.

SimpleSAMLphp and LemonLDAP::NG keep sessions in files and write a log, but no event; LemonLDAP::NG
signs the response as well. npm samlp and pysaml2 in Flask have a signed cookie and no database,
which is to their advantage. Nothing is tuned in the peers, and we know our own server better.
"""


def report(results: Results) -> str:
    """Return the page."""
    parts = [
        INTRODUCTION,
        _made(results),
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


def _made(results: Results) -> str:
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
    rows = [aim.row() for aim in aims(results)]
    return "## Aims\n\n" + _table("| figure | aim | measured | |", rows)


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
    head = "| in process | CPU us | rate / bare signatures | in signatures | CPU / Ssoko's |"
    note = (
        f"The other libraries sign a document that is ready ({ADD_SIGN}, signxml) or make it as "
        "well (pysaml2).\n"
    )
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
            f"| {name} | {series.median(lambda one: one.cpu) * 1000:.2f} "
            f"| {1 / series.median(lambda one: one.clock):,.0f} | {series.of_limit:.3f} "
            f"| {1 / series.of_limit:.1f} | {series.times(ours):.2f} | {beside} "
            f"| {series.answers:,} / {series.verified:,} |"
        )
    head = (
        "| server | CPU ms | per s, seen | rate / bare signatures | in signatures "
        "| CPU / Ssoko's on gunicorn | CPU / hello world's | answers / verified |"
    )
    return "## Sign-in over HTTP\n\n" + _table(head, rows)


def _latencies(results: Results) -> str:
    rows = [
        f"| {one.name} | {one.rate}, {one.pattern} | {one.p50:.1f} | {one.p99:.1f} "
        f"| {one.highest:.1f} | {one.answers:,} |"
        for one in results.latencies
    ]
    head = "| server | arrivals a second | p50 ms | p99 ms | highest ms | answers |"
    note = (
        "Counted from when a request was due. At random (Poisson) some come at once and wait for "
        "each other, whatever the server.\n"
    )
    if results.load_before > QUIET:
        note += (
            f"\n**The machine was busy with other work** (load average {results.load_before:.1f} "
            "before), which had the same cores: these latencies are its, not the server's.\n"
        )
    return "## Latency\n\n" + _table(head, rows) + "\n" + note


def _growth_and_engines(results: Results) -> str:
    people, applications = results.effort.grown
    with_beside = [
        (name, series)
        for name, series in results.sign_ins.items()
        if series.median(lambda one: one.beside)
    ]
    lines = [
        f"Grown means {people:,} people, each with a role and a group, and {applications:,} "
        "applications, each with its issuer; the sign-ins are of people all over the table, at "
        "one application.\n"
    ]
    lines += [
        f"{name}: the database itself takes another "
        f"{series.median(lambda one: one.beside) * 1000:.2f} ms of CPU a sign-in, on the same "
        "core.\n"
        for name, series in with_beside
    ]
    return "\n".join(lines)


def _hostile(results: Results) -> str:
    rows = [_hostile_row(name, series) for name, series in results.hostile.items()]
    head = "| sent with a session present, each refused with a page | CPU ms | in signatures |"
    return "## Hostile requests\n\n" + _table(head, rows)


def _hostile_row(name: str, series: Series) -> str:
    cpu = series.median(lambda one: one.cpu) * 1000
    return f"| {name} | {cpu:.2f} | {1 / series.of_limit:.1f} |"


def _profile(results: Results) -> str:
    inside, ours = results.profiles[ON_GUNICORN], results.sign_ins[ON_GUNICORN]
    whole = ours.median(lambda one: one.cpu)
    parts = {name for one in results.profiles.values() for name in one.owners}
    rows = [
        f"| {name} | {inside.owners.get(name, 0):.0%} | "
        + " | ".join(
            f"{one.owners.get(name, 0) * one.cpu * 1000:.2f}" for one in results.profiles.values()
        )
        + " |"
        for name in sorted(parts, key=lambda name: -inside.owners.get(name, 0))
    ]
    note = (
        f"The application alone, called without a server, takes {inside.cpu * 1000:.2f} ms of CPU "
        f"for a sign-in; over HTTP on gunicorn it is {whole * 1000:.2f} ms, so the server and the "
        f"kernel take about {max(0.0, whole - inside.cpu) * 1000:.2f} ms. Of the application's "
        "own time, by samples of the stack (the standard library counts for its caller):\n"
    )
    largest = [
        f"| `{name}` | {share:.0%} | {share * inside.cpu * 1000:.2f} |"
        for name, share in list(inside.functions.items())[:24]
    ]
    engines = {ON_GUNICORN: "SQLite", GROWN: "SQLite, grown", ON_POSTGRESQL: "PostgreSQL"}
    columns = " | ".join(f"CPU ms, {engines[name]}" for name in results.profiles)
    return "\n".join(
        [
            "## What the time goes to\n",
            note,
            _table(f"| part | share, SQLite | {columns} |", rows),
            "With what they call, on SQLite:\n",
            _table("| function | share | CPU ms |", largest),
        ]
    )
