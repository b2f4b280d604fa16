"""What an operator wants to know of every plugin: what it is, whence it came, what a restart does.

Compares what this process loaded with what is installed now. Nothing is imported or called for
it, so that it may be asked for while people are being served.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution
from pathlib import Path
from typing import Literal

from ssoko.config import Config, disabled_from_now_on
from ssoko.plugin.host.on_disk import Claim, claims
from ssoko.plugin.host.origin import Origin, fingerprint, origin_of
from ssoko.plugin.host.registry import SLOW, LoadedIntegration, Registry, unwanted
from ssoko.plugin.host.tested import is_tested, this_version
from ssoko.plugin.tools.rules import installed, rule
from ssoko.plugin.tools.rules.rule import Report, Tier
from ssoko.plugin.tools.rules.subject import top_package

State = Literal["loaded", "broken", "disabled", "skipped", "found"]

#: Changes when the files of a distribution do.
Mark = tuple[object, ...]

#: Files that are named of those that differ from what was installed.
NAMED_FILES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginView:
    """One plugin.

    :param name: of the integration; empty where the plugin is not loaded.
    :param state: ``loaded``; ``broken``, kept apart; ``disabled``, named in the settings;
        ``skipped``, not asked for; ``found``, installed since this process began.
    :param stage: where a broken one stopped.
    :param message: why it is not loaded.
    :param tier: what the rules that only read give it, or None.
    :param short_of: what stands between it and the next tier: pairs of rule and message.
    :param tested: whether it was tested with this version, or None when it does not say.
    :param restart: what a restart would change, or empty.
    :param warnings: what to know of it, one sentence each.
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


@dataclass(slots=True)
class Inventory:
    """Looks at the plugins, and remembers what it read until the files change.

    :param claims: what is installed at this moment.
    """

    claims: Callable[[], tuple[Claim, ...]] = claims
    _origins: dict[str, tuple[Mark, Origin]] = field(default_factory=dict)
    _reports: dict[str, tuple[Mark, Report | None]] = field(default_factory=dict)

    def states(
        self, registry: Registry, disabled: frozenset[str] | None = None
    ) -> tuple[PluginView, ...]:
        """Return every plugin that is loaded, could not be, was left out, or lies on the disk.

        :param disabled: slugs that the next start will not load; by default those of this one.
        """
        disabled = registry.disabled if disabled is None else disabled
        here = self.claims()
        states = [self._completed(one, here, registry, disabled) for one in _known(registry, here)]
        return tuple(sorted(states, key=lambda one: (one.slug, one.distribution)))

    def list_plugins(self, registry: Registry, config: Config) -> tuple[PluginView, ...]:
        """Return what :meth:`states` does, with what the settings file disables at this moment."""
        return self.states(registry, disabled_from_now_on(config))

    def _completed(
        self,
        one: PluginView,
        here: tuple[Claim, ...],
        registry: Registry,
        disabled: frozenset[str],
    ) -> PluginView:
        claim = _claim_of(one, here)
        one = replace(one, restart=_restart(one, claim, here, registry, disabled))
        if claim is not None:
            mark = (claim.distribution, *fingerprint(claim.found))
            one = replace(
                one,
                distribution=one.distribution or claim.distribution,
                version=one.version or claim.version,
                publisher=one.publisher or _author(claim.found),
                origin=self._origin(claim, mark),
            )
            if one.state == "loaded" and one.version == claim.version:
                one = _with_tier(one, self._report(claim, mark, registry))
        return replace(one, warnings=tuple(_warnings(one)))

    def _origin(self, claim: Claim, mark: Mark) -> Origin:
        known = self._origins.get(claim.distribution)
        if known is None or known[0] != mark:
            known = self._origins[claim.distribution] = (mark, origin_of(claim.found))
        return known[1]

    def _report(self, claim: Claim, mark: Mark, registry: Registry) -> Report | None:
        known = self._reports.get(claim.slug)
        if known is None or known[0] != mark:
            known = self._reports[claim.slug] = (mark, _read(claim, registry))
        return known[1]


def _known(registry: Registry, here: tuple[Claim, ...]) -> Iterator[PluginView]:
    for entry in registry.integrations.values():
        yield _loaded(entry)
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
    for slug, why in registry.skipped:
        state: State = "disabled" if slug in registry.disabled else "skipped"
        yield PluginView(slug=slug, state=state, message=why)
    seen = {*registry.integrations, *(slug for slug, _ in registry.skipped)}
    seen |= {problem.slug for problem in registry.problems}
    for claim in here:
        if claim.slug not in seen:
            yield PluginView(
                slug=claim.slug,
                state="found",
                distribution=claim.distribution,
                version=claim.version,
                message="installed since Ssoko was started",
            )


def _loaded(entry: LoadedIntegration) -> PluginView:
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


def _claim_of(one: PluginView, here: tuple[Claim, ...]) -> Claim | None:
    names = {one.distribution} if one.distribution else {c.distribution for c in here}
    return next((c for c in here if c.slug == one.slug and c.distribution in names), None)


def _restart(
    one: PluginView,
    claim: Claim | None,
    here: tuple[Claim, ...],
    registry: Registry,
    disabled: frozenset[str],
) -> str:
    claiming = [c for c in here if c.slug == one.slug]
    unloaded = one.state in {"disabled", "skipped"}
    if claim is None:
        return "" if unloaded else "uninstalled, restart to remove"
    if one.slug in disabled:
        return {
            "disabled": "",
            "found": "disabled in ssoko.toml, a restart leaves it out",
        }.get(one.state, "disabled in ssoko.toml, restart to apply")
    if len(claiming) > 1 and one.state in {"loaded", "found"}:
        names = " and ".join(f"{c.distribution} {c.version}" for c in claiming)
        return f"{names} both claim it; after a restart neither is loaded"
    if one.state == "disabled":
        return "enabled, restart to activate"
    if one.state == "found":
        kept_out = unwanted(one.slug, registry.only, frozenset())
        return f"{kept_out}; a restart leaves it out" if kept_out else "restart to activate"
    if not unloaded and claim.version != one.version:
        return f"{claim.version} found, restart to activate"
    if one.stage == "duplicate" and len(claiming) == 1:
        return "nobody else claims it any more, restart to activate"
    return ""


def _read(claim: Claim, registry: Registry) -> Report | None:
    root = _root(claim)
    try:
        return installed.read(claim.slug, registry, claim.found, root) if root else None
    except Exception:  # metadata that cannot be read; there is no tier then
        return None


def _root(claim: Claim) -> Path | None:
    """Return the folder that a loaded plugin was imported from."""
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
    except Exception:  # metadata that cannot be read name nobody
        return ""


def _with_tier(one: PluginView, report: Report | None) -> PluginView:
    if report is None:
        return one
    reached = rule.TIERS.index(report.tier) + 1 if report.tier else 0
    wanted = rule.TIERS[min(reached, len(rule.TIERS) - 1)]
    short = tuple(
        (finding.rule.id, finding.messages[0] if finding.messages else finding.rule.title)
        for finding in report.short_of(wanted)
    )
    return replace(one, tier=report.tier, short_of=short)


def _warnings(one: PluginView) -> Iterator[str]:
    if one.seconds > SLOW:
        yield f"took {one.seconds:.1f} s to load"
    if one.origin and one.origin.kind == "modified":
        yield changed_files(one.origin)
    if one.tested is False:
        yield f"not tested with {this_version()}"


def changed_files(origin: Origin) -> str:
    """Name the first files that differ from what was installed."""
    count = len(origin.changed)
    more = f" and {count - NAMED_FILES} more" if count > NAMED_FILES else ""
    verb = "file differs" if count == 1 else "files differ"
    named = ", ".join(origin.changed[:NAMED_FILES])
    return f"{count} {verb} from what was installed: {named}{more}"
