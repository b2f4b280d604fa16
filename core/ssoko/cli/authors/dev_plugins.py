"""The installed plugins for ``ssoko dev``: their folders, watched files and rule reports."""

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

#: Endings of the files that are watched.
_SUFFIXES = frozenset({".py", ".md", ".svg", ".html", ".css"})

#: Seconds after which a check is stopped.
_TIMEOUT = 60


def installed() -> tuple[PreviewPlugin, ...]:
    """Return every installed plugin, the editable ones first."""
    plugins = [_plugin(claim) for claim in claims()]
    return tuple(sorted(plugins, key=lambda plugin: (not plugin.folder, plugin.slug)))


def packages(plugins: Iterable[PreviewPlugin]) -> tuple[Path, ...]:
    """Return the package folders, or single modules, of the editable plugins. Imports nothing."""
    editable = {plugin.slug for plugin in plugins if plugin.folder}
    paths: set[Path] = set()
    for claim in claims():
        if claim.point is None or claim.slug not in editable:
            continue
        spec = find_spec(top_package(claim.point.value))
        if spec is not None and spec.submodule_search_locations:
            paths.update(map(Path, spec.submodule_search_locations))
        elif spec is not None and spec.origin:
            paths.add(Path(spec.origin))
    return tuple(sorted(paths))


def snapshot(places: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Return modification time (nanoseconds) and size (bytes) of each watched file."""
    files = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else (place,):
            if path.suffix in _SUFFIXES:
                try:
                    status = path.stat()
                except OSError:
                    # Editors that save by renaming remove the file for a moment.
                    continue
                files[str(path)] = (status.st_mtime_ns, status.st_size)
    return files


class Rules:
    """Checks plugins against the rules, in a subprocess: rules patch clock, sockets and imports.

    The site restarts when code changes, so each plugin is checked once per process.
    """

    def __init__(self, plugins: Iterable[PreviewPlugin]) -> None:
        self._folders = {plugin.slug: plugin.folder for plugin in plugins if plugin.folder}
        self._reports: dict[str, RuleReport | None] = {}
        self._lock = threading.Lock()

    def has_report(self, slug: str) -> bool:
        """Tell whether the check of a plugin has finished."""
        return self._reports.get(slug) is not None

    def check(self, slug: str) -> RuleReport | None:
        """Return the report, or None while the check runs. The first call starts the check."""
        if slug not in self._folders:
            return RuleReport(
                problem="Only a project folder or a wheel can be checked. "
                "Run: ssoko plugin check FOLDER"
            )
        with self._lock:
            if slug not in self._reports:
                self._reports[slug] = None
                threading.Thread(target=self._check, args=(slug,), daemon=True).start()
            return self._reports[slug]

    def _check(self, slug: str) -> None:
        command = ["-m", "ssoko", "plugin", "check", self._folders[slug], "--format", "json"]
        try:
            done = subprocess.run(  # noqa: S603 - this Python, with a folder that pip recorded
                [sys.executable, *command], capture_output=True, text=True, timeout=_TIMEOUT
            )
            self._reports[slug] = read_report(slug, done.stdout, done.stderr)
        except subprocess.TimeoutExpired:
            self._reports[slug] = RuleReport(
                problem=f"The check was stopped after {_TIMEOUT} seconds"
            )


def read_report(slug: str, out: str, err: str) -> RuleReport:
    """Read the output of ``ssoko plugin check --format json``."""
    try:
        item = next(item for item in json.loads(out)["items"] if item["slug"] == slug)
    except (ValueError, StopIteration):
        lines = err.strip().splitlines()
        return RuleReport(problem=lines[-1] if lines else f"The check has no result for {slug}")
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
    """Return the project folder of an editable installation, else ""."""
    origin = direct_url(distribution)
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    return unquote(urlsplit(origin.get("url", "")).path)
