"""Every plugin of the server: its state, its origin, and what a restart changes.

Compares the plugins that this process loaded with the distributions that are installed now. No
plugin is imported or called, so it is safe while the server runs.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution
from pathlib import Path
from typing import Literal

from ssoko.config import Config, disabled_from_now_on
from ssoko.plugin.host.on_disk import Claim, claims, unmet_requirements
from ssoko.plugin.host.origin import Origin, fingerprint, origin_of
from ssoko.plugin.host.registry import (
    SLOW,
    LoadedIntegration,
    Registry,
    exclusion_reason,
    is_same,
)
from ssoko.plugin.host.tested import is_tested, this_version
from ssoko.plugin.tools.rules import installed, rule
from ssoko.plugin.tools.rules.rule import Report, Tier
from ssoko.plugin.tools.rules.subject import top_package
from ssoko.services.plugins import messages
from ssoko.text.paths import without_paths

State = Literal["loaded", "broken", "disabled", "skipped", "found"]

#: A value that changes with the files of a distribution.
Fingerprint = tuple[object, ...]


#: Changed files that are listed by name.
NAMED_FILES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginView:
    """One plugin.

    :param name: of the integration; empty if the plugin is not loaded.
    :param state: ``loaded``; ``broken``: quarantined; ``disabled`` in the settings; ``skipped``:
        not enabled; ``found``: installed after this process started.
    :param stage: of loading, at which a broken plugin failed.
    :param message: why it is not loaded.
    :param tier: quality tier by the static checks, or None.
    :param short_of: (rule, message) pairs that keep it from the next tier.
    :param tested: whether it was tested with this version; None if it doesn't say.
    :param seconds: that it took to load.
    :param restart: what a restart would change, or empty.
    :param warnings: one clause each.
    :param applications: how many applications of a workspace use it; None when not counted.
    """

    slug: str
    state: State
    distribution: str = ""
    version: str = ""
    name: str = ""
    publisher: str = ""
    stage: str = ""
    message: str = ""
    traceback: str = ""
    origin: Origin | None = None
    tier: Tier | None = None
    short_of: tuple[tuple[str, str], ...] = ()
    tested_with: str = ""
    tested: bool | None = None
    seconds: float = 0.0
    restart: str = ""
    warnings: tuple[str, ...] = ()
    applications: int | None = None


@dataclass(slots=True)
class Inventory:
    """Reads the plugins, and caches what it reads until the files change.

    :param claims: returns the entry points that are installed now.
    """

    claims: Callable[[], tuple[Claim, ...]] = claims
    _origins: dict[str, tuple[Fingerprint, Origin]] = field(default_factory=dict)
    _reports: dict[str, tuple[Fingerprint, Report | None]] = field(default_factory=dict)

    def states(
        self, registry: Registry, disabled: frozenset[str] | None = None
    ) -> tuple[PluginView, ...]:
        """Return every plugin that is loaded, quarantined, disabled, skipped or new on the disk.

        :param disabled: slugs that the next start will skip; by default those of this process.
        """
        disabled = registry.disabled if disabled is None else disabled
        installed_now = tuple(
            claim
            for claim in self.claims()
            if is_same(claim.distribution, registry.chosen.get(claim.slug, claim.distribution))
        )
        plugins = [
            self._complete(plugin, installed_now, registry, disabled)
            for plugin in _list_views(registry, installed_now)
        ]
        return tuple(sorted(plugins, key=lambda plugin: (plugin.slug, plugin.distribution)))

    def list_plugins(self, registry: Registry, config: Config) -> tuple[PluginView, ...]:
        """Return :meth:`states` with the plugins that the settings file disables now."""
        return self.states(registry, disabled_from_now_on(config))

    def list_for_admins(self, registry: Registry, config: Config) -> tuple[PluginView, ...]:
        """Return :meth:`list_plugins` without what only operators of the server may see."""
        return tuple(map(without_server_details, self.list_plugins(registry, config)))

    def _complete(
        self,
        plugin: PluginView,
        installed_now: tuple[Claim, ...],
        registry: Registry,
        disabled: frozenset[str],
    ) -> PluginView:
        claim = _find_claim(plugin, installed_now)
        restart = _describe_restart(plugin, claim, installed_now, registry, disabled)
        plugin = replace(plugin, restart=restart)
        if claim is not None:
            key = (claim.distribution, *fingerprint(claim.found))
            plugin = replace(
                plugin,
                distribution=plugin.distribution or claim.distribution,
                version=plugin.version or claim.version,
                publisher=plugin.publisher or _author(claim.found),
                origin=self._origin(claim, key),
            )
            if plugin.state == "loaded" and plugin.version == claim.version:
                plugin = _add_tier(plugin, self._report(claim, key, registry))
        unmet = unmet_requirements(claim.found) if claim is not None else ()
        return replace(plugin, warnings=(*unmet, *_warnings(plugin)))

    def _origin(self, claim: Claim, key: Fingerprint) -> Origin:
        cached = self._origins.get(claim.distribution)
        if cached is None or cached[0] != key:
            cached = self._origins[claim.distribution] = (key, origin_of(claim.found))
        return cached[1]

    def _report(self, claim: Claim, key: Fingerprint, registry: Registry) -> Report | None:
        cached = self._reports.get(claim.slug)
        if cached is None or cached[0] != key:
            cached = self._reports[claim.slug] = (key, _read_report(claim, registry))
        return cached[1]


def _list_views(registry: Registry, installed_now: tuple[Claim, ...]) -> Iterator[PluginView]:
    for entry in registry.integrations.values():
        yield _describe_loaded(entry)
    for problem in registry.problems:
        yield PluginView(
            slug=problem.slug,
            state="broken",
            distribution=problem.distribution,
            version=problem.version,
            stage=problem.stage,
            message=problem.message,
            traceback=problem.traceback,
        )
    for slug, reason in registry.skipped:
        state: State = "disabled" if slug in registry.disabled else "skipped"
        yield PluginView(slug=slug, state=state, message=reason)
    listed = {*registry.integrations, *(slug for slug, _ in registry.skipped)}
    listed |= {problem.slug for problem in registry.problems}
    for claim in installed_now:
        if claim.slug not in listed:
            yield PluginView(
                slug=claim.slug,
                state="found",
                distribution=claim.distribution,
                version=claim.version,
                message=messages.NEW_ON_DISK,
            )


def _describe_loaded(entry: LoadedIntegration) -> PluginView:
    about = entry.integration
    return PluginView(
        slug=entry.slug,
        state="loaded",
        distribution=entry.distribution,
        version=entry.version,
        name=about.name,
        publisher=about.publisher,
        tested_with=about.tested_with,
        tested=is_tested(about.tested_with),
        seconds=entry.seconds,
    )


def _find_claim(plugin: PluginView, installed_now: tuple[Claim, ...]) -> Claim | None:
    for claim in installed_now:
        if claim.slug == plugin.slug and plugin.distribution in ("", claim.distribution):
            return claim
    return None


def _describe_restart(
    plugin: PluginView,
    claim: Claim | None,
    installed_now: tuple[Claim, ...],
    registry: Registry,
    disabled: frozenset[str],
) -> str:
    """Return what a restart changes about a plugin, or an empty text."""
    claims = [c for c in installed_now if c.slug == plugin.slug]
    not_loaded = plugin.state in {"disabled", "skipped"}
    if claim is None:
        return "" if not_loaded else messages.UNINSTALLED
    if plugin.slug in disabled:
        return {"disabled": "", "found": messages.DISABLED_BEFORE_START}.get(
            plugin.state, messages.DISABLED
        )
    if len(claims) > 1 and plugin.state in {"loaded", "found"}:
        names = " and ".join(f"{c.distribution} {c.version}" for c in claims)
        return messages.DUPLICATE.format(names=names)
    if plugin.state == "disabled":
        return messages.ENABLED
    if plugin.state == "found":
        reason = exclusion_reason(plugin.slug, registry.only, frozenset())
        return messages.NOT_ENABLED.format(reason=reason) if reason else messages.ACTIVATE
    if not not_loaded and claim.version != plugin.version:
        return messages.OTHER_VERSION.format(version=claim.version)
    if plugin.stage == "duplicate" and len(claims) == 1:
        return messages.NO_LONGER_DUPLICATE
    return ""


def _read_report(claim: Claim, registry: Registry) -> Report | None:
    root = _root(claim)
    try:
        return installed.read(claim.slug, registry, claim.found, root) if root else None
    except Exception:  # unreadable metadata: the plugin has no tier
        return None


def _root(claim: Claim) -> Path | None:
    """Return the folder that holds the package of a loaded plugin."""
    module = sys.modules.get(top_package(claim.point.value)) if claim.point else None
    place = getattr(module, "__file__", None)
    if not isinstance(place, str):
        return None
    path = Path(place)
    return path.parent.parent if path.stem == "__init__" else path.parent


def _author(distribution: Distribution) -> str:
    try:
        about = distribution.metadata
        return next((str(about[key]) for key in ("Author", "Maintainer") if about[key]), "")
    except Exception:  # unreadable metadata names no author
        return ""


def _add_tier(plugin: PluginView, report: Report | None) -> PluginView:
    if report is None:
        return plugin
    reached = rule.TIERS.index(report.tier) + 1 if report.tier else 0
    next_tier = rule.TIERS[min(reached, len(rule.TIERS) - 1)]
    short_of = tuple(
        (finding.rule.id, finding.messages[0] if finding.messages else finding.rule.title)
        for finding in report.short_of(next_tier)
    )
    return replace(plugin, tier=report.tier, short_of=short_of)


def _warnings(plugin: PluginView) -> Iterator[str]:
    if plugin.seconds > SLOW:
        yield messages.SLOW.format(seconds=plugin.seconds)
    if plugin.origin and plugin.origin.kind == "modified":
        yield describe_changed_files(plugin.origin)
    if plugin.tested is False:
        yield messages.NOT_TESTED.format(version=this_version())


def without_server_details(plugin: PluginView) -> PluginView:
    """Return a plugin without its traceback, and without paths of the server in its texts."""
    origin = plugin.origin
    if origin is not None:
        url = origin.url if origin.url.startswith(("https:", "http:")) else ""
        origin = replace(origin, url=url, changed=tuple(map(without_paths, origin.changed)))
    return replace(
        plugin,
        message=without_paths(plugin.message),
        traceback="",
        origin=origin,
        short_of=tuple((rule_id, without_paths(text)) for rule_id, text in plugin.short_of),
        warnings=tuple(map(without_paths, plugin.warnings)),
    )


def describe_changed_files(origin: Origin) -> str:
    """Return how many files were changed after the installation, and the first names."""
    count = len(origin.changed)
    names = ", ".join(origin.changed[:NAMED_FILES])
    if count > NAMED_FILES:
        names = messages.MORE_FILES.format(names=names, count=count - NAMED_FILES)
    text = messages.CHANGED_FILE if count == 1 else messages.CHANGED_FILES
    return text.format(count=count, names=names)
