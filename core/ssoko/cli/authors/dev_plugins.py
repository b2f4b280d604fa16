"""The plugins as their author has them: where they lie, which files count, what the rules say."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ssoko.plugin.host.on_disk import Claim, claims
from ssoko.plugin.host.origin import direct_url
from ssoko.plugin.tools.rules.subject import top_package
from ssoko.web.plugins.preview_site import PreviewPlugin, RuleReport

#: Endings of the files whose change matters.
_SUFFIXES = frozenset({".py", ".md", ".svg", ".html", ".css"})

#: Seconds after which the rules are given up.
_LONGEST = 60


def installed() -> tuple[PreviewPlugin, ...]:
    """Return every installed plugin, the editable ones first."""
    found = [_plugin(claim) for claim in claims()]
    return tuple(sorted(found, key=lambda one: (not one.folder, one.slug)))


def packages(plugins: Iterable[PreviewPlugin]) -> tuple[Path, ...]:
    """Return the folders, or single modules, of the editable ones; nothing is imported."""
    wanted = {one.slug for one in plugins if one.folder}
    found: set[Path] = set()
    for claim in claims():
        if claim.point is None or claim.slug not in wanted:
            continue
        spec = find_spec(top_package(claim.point.value))
        if spec is not None and spec.submodule_search_locations:
            found.update(map(Path, spec.submodule_search_locations))
        elif spec is not None and spec.origin:
            found.add(Path(spec.origin))
    return tuple(sorted(found))


def snapshot(places: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Return time of change and size of each file that matters."""
    found = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else (place,):
            if path.suffix in _SUFFIXES:
                try:
                    status = path.stat()
                except OSError:
                    # An editor that saves by renaming takes it away for a moment.
                    continue
                found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


class Rules:
    """Asks the rules in a process of their own, since they watch the clock, sockets and modules.

    One process of the site lives as long as the code stays the same, so each plugin is asked once.
    """

    def __init__(self, plugins: Iterable[PreviewPlugin]) -> None:
        self._folders = {one.slug: one.folder for one in plugins if one.folder}
        self._answers: dict[str, RuleReport | None] = {}
        self._lock = threading.Lock()

    def answered(self, slug: str) -> bool:
        """Tell whether the rules have spoken about a plugin."""
        return self._answers.get(slug) is not None

    def check(self, slug: str) -> RuleReport | None:
        """Return the result, or None while the check runs; the first call starts it."""
        if slug not in self._folders:
            return RuleReport(
                problem="The rules look at project folders: ssoko plugin check FOLDER"
            )
        with self._lock:
            if slug not in self._answers:
                self._answers[slug] = None
                threading.Thread(target=self._ask, args=(slug,), daemon=True).start()
            return self._answers[slug]

    def _ask(self, slug: str) -> None:
        command = ["-m", "ssoko", "plugin", "check", self._folders[slug], "--format", "json"]
        try:
            done = subprocess.run(  # noqa: S603 - this Python, with a folder that pip recorded
                [sys.executable, *command], capture_output=True, text=True, timeout=_LONGEST
            )
            self._answers[slug] = read_report(slug, done.stdout, done.stderr)
        except subprocess.TimeoutExpired:
            self._answers[slug] = RuleReport(problem=f"The rules took more than {_LONGEST} seconds")


def read_report(slug: str, out: str, err: str) -> RuleReport:
    """Read what ``ssoko plugin check --format json`` printed."""
    try:
        item = next(one for one in json.loads(out)["items"] if one["slug"] == slug)
    except (ValueError, StopIteration):
        said = err.strip().splitlines()
        return RuleReport(problem=said[-1] if said else f"No rule said anything about {slug}")
    return RuleReport(
        tier=item["tier"] or "none",
        failed=tuple(rule for rule in item["rules"] if rule["state"] == "failed"),
        passed=sum(rule["state"] == "ok" for rule in item["rules"]),
    )


def _plugin(claim: Claim) -> PreviewPlugin:
    return PreviewPlugin(
        slug=claim.slug,
        distribution=claim.distribution,
        version=claim.version,
        folder=_folder(claim.found),
    )


def _folder(distribution: Distribution) -> str:
    """Return the folder that a distribution is installed from, editable, or nothing."""
    origin = direct_url(distribution)
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    return unquote(urlsplit(origin.get("url", "")).path)
