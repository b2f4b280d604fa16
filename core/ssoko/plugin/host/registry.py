"""Find the plugins, load them one by one, keep the broken ones apart, call the owner of a hook.

A plugin gets a :class:`pluggy.PluginManager` of its own. With one for all, an implementation
that is registered under another name (``specname``) would be called for every other plugin too.

Keeping a broken plugin apart protects the others' availability. It is no sandbox: a plugin is
code in this process.
"""

import copy
import difflib
import logging
import re
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pluggy
from marshmallow import Schema

from ssoko.errors import HookFailed, InputError, PluginInvalid, ProposalRefused, SignInRefused
from ssoko.plugin import hookspecs
from ssoko.plugin.host import on_disk, validate
from ssoko.plugin.host.deprecations import Deprecation, deprecated_in, unwarned
from ssoko.plugin.host.tracebacks import authors_traceback
from ssoko.plugin.typecheck import WrongType
from ssoko.plugin.values import DefaultRole, Integration, MetadataField, Problem

log = logging.getLogger(__name__)

REQUIRED_HOOKS = (
    "integration",
    "install_form",
    "metadata_fields",
    "default_role",
    "installation_guide",
    "service_provider",
)
#: What stands for the answer of a hook that a plugin does not implement.
OPTIONAL_HOOKS: Mapping[str, Any] = MappingProxyType(
    {
        "attribute_mappings": (),
        "check_settings": (),
        "saml_attributes": (),
        "acceptance_rules": (),
        "settings_from_metadata": MappingProxyType({}),
        "web_application": None,
    }
)
#: Seconds after which a plugin is called slow. It cannot be stopped, only named.
SLOW = 1.0
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where a plugin comes from: an entry point, or a test's own.

    :param load: returns the module or object that holds the hook implementations.
    """

    slug: str
    load: Callable[[], object]
    distribution: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Why a plugin is not there.

    :param stage: ``import``, ``register``, ``describe``, ``duplicate`` or ``hook``.
    :param traceback: for developers; shown to admins at most.
    """

    slug: str
    distribution: str
    version: str
    stage: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class LoadedIntegration:
    """A plugin's declarations, checked.

    :param hooks: names of the hooks that it implements.
    :param seconds: how long it took to import and to describe itself.
    :param deprecated: what of that a later version of the contract refuses.
    """

    slug: str
    distribution: str
    version: str
    integration: Integration
    form: type[Schema]
    metadata_fields: tuple[MetadataField, ...]
    default_role: DefaultRole
    guide: str
    hooks: frozenset[str]
    seconds: float = 0.0
    deprecated: tuple[Deprecation, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """The plugins of one process; never changes once loaded. ``Registry()`` has none.

    :param integrations: by slug, in the order of their names.
    :param problems: plugins that are kept apart, and why.
    :param skipped: pairs of slug and reason for those that were not asked for.
    :param only: slugs that are loaded and no others, or None for all.
    :param disabled: slugs that are not loaded.
    """

    integrations: Mapping[str, LoadedIntegration] = field(default_factory=dict)
    problems: tuple[PluginProblem, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    only: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    _managers: Mapping[str, pluggy.PluginManager] = field(default_factory=dict, repr=False)

    @classmethod
    def load(
        cls,
        sources: Iterable[PluginSource],
        *,
        only: frozenset[str] | None = None,
        disabled: frozenset[str] = frozenset(),
        opt_in: frozenset[str] = frozenset(),
    ) -> "Registry":
        """Load the sources; whatever one of them does, the others are loaded.

        :param only: slugs to load and no others, or None for all.
        :param disabled: slugs not to load.
        :param opt_in: slugs of plugins that stay off unless named.
        """
        loaded: dict[str, LoadedIntegration] = {}
        managers: dict[str, pluggy.PluginManager] = {}
        problems: list[PluginProblem] = []
        skipped: list[tuple[str, str]] = []
        for slug, claims in _by_slug(sources):
            if reason := unwanted(slug, only, disabled):
                skipped.append((slug, reason))
            elif len(claims) > 1:
                problems.extend(_duplicates(claims))
            else:
                try:
                    entry, manager = _load_one(claims[0])
                except PluginInvalid as error:
                    problems.append(_problem(claims[0], error))
                    continue
                if entry.integration.opt_in and slug not in opt_in:
                    skipped.append((slug, "off unless named in SSOKO_OPT_IN_PLUGINS"))
                    continue
                loaded[slug], managers[slug] = entry, manager
                for use in entry.deprecated:
                    log.warning("plugin %s: %s", slug, use)
        _log(problems)
        by_name = sorted(loaded, key=lambda s: (loaded[s].integration.name.casefold(), s))
        return cls(
            MappingProxyType({slug: loaded[slug] for slug in by_name}),
            tuple(problems),
            tuple(skipped),
            only,
            disabled,
            MappingProxyType(managers),
        )

    def get(self, slug: str) -> LoadedIntegration | None:
        """Return a loaded integration, or None."""
        return self.integrations.get(slug)

    def call(self, slug: str, hook: str, **kwargs: Any) -> Any:
        """Call one hook on the plugin that owns it, alone, and check the answer.

        A hook that the plugin leaves out answers with nothing: ``()``, an empty mapper for
        ``settings_from_metadata``, None for ``web_application``. The plugin gets a copy of
        ``settings`` that it cannot change.

        :raises HookFailed: the plugin is not loaded, raised, or answered with the wrong type.
        :raises SignInRefused: ``saml_attributes`` lacks something of the person.
        :raises ProposalRefused: the values it answered with are refused; names their fields.
        """
        entry = self.integrations.get(slug)
        if entry is None:
            raise HookFailed(slug, hook, "the plugin is not loaded")
        if hook not in entry.hooks and hook in OPTIONAL_HOOKS:
            return OPTIONAL_HOOKS[hook]
        if "settings" in kwargs:
            kwargs["settings"] = MappingProxyType(copy.deepcopy(dict(kwargs["settings"])))
        start = time.perf_counter()
        try:
            answer = getattr(self._managers[slug].hook, hook)(**kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, SignInRefused) and hook == "saml_attributes":
                raise
            raise HookFailed(slug, hook, _raised(error)) from error
        if (took := time.perf_counter() - start) > SLOW:
            log.warning("plugin %s took %.1f s in its hook %s", slug, took, hook)
        if wrong := validate.wrong_answer(hook, answer):
            raise HookFailed(slug, hook, wrong)
        if errors := _errors(hook, answer):
            # Whoever is signing in typed nothing and can mend nothing.
            if hook == "saml_attributes":
                raise HookFailed(slug, hook, str(InputError(errors)))
            raise ProposalRefused(slug, hook, errors)
        return answer


def installed_sources() -> list[PluginSource]:
    """Return the entry points of every installed distribution, by slug."""
    return [PluginSource(c.slug, c.load, c.distribution, c.version) for c in on_disk.claims()]


def _log(problems: Iterable[PluginProblem]) -> None:
    for problem in problems:
        log.warning(
            "plugin %s (%s %s) is not loaded: %s: %s",
            *(problem.slug, problem.distribution, problem.version),
            *(problem.stage, problem.message),
        )


def _by_slug(sources: Iterable[PluginSource]) -> list[tuple[str, list[PluginSource]]]:
    claims: dict[str, list[PluginSource]] = defaultdict(list)
    for source in sources:
        claims[source.slug].append(source)
    return sorted(claims.items())


def unwanted(slug: str, only: frozenset[str] | None, disabled: frozenset[str]) -> str:
    """Return why the settings keep a plugin from being loaded, or an empty text."""
    if slug in disabled:
        return "named in SSOKO_DISABLED_PLUGINS, or in disabled_plugins of ssoko.toml"
    if only is not None and slug not in only:
        return "not named in SSOKO_PLUGINS"
    return ""


def _duplicates(claims: list[PluginSource]) -> Iterator[PluginProblem]:
    names = " and ".join(f"{c.distribution} {c.version}".strip() for c in claims)
    for claim in claims:
        yield PluginProblem(
            claim.slug,
            claim.distribution,
            claim.version,
            "duplicate",
            f"{names} both claim {claim.slug}; uninstall one of them",
        )


def _problem(source: PluginSource, error: PluginInvalid) -> PluginProblem:
    cause = error.__cause__
    trace = authors_traceback(cause) if cause else ""
    about = (source.slug, source.distribution, source.version)
    return PluginProblem(*about, error.stage, str(error), trace)


# ---------------------------------------------------------------------------
# Loading one plugin
# ---------------------------------------------------------------------------


def _load_one(source: PluginSource) -> tuple[LoadedIntegration, pluggy.PluginManager]:
    if not SLUG.fullmatch(source.slug):
        raise PluginInvalid(
            "import",
            f"the entry point's name {source.slug!r} is no slug: use small letters, digits and "
            "hyphens, at most 40",
        )
    # The one clue that a plugin leaves which ends the process: its line is the last.
    log.debug("loading plugin %s (%s %s)", source.slug, source.distribution, source.version)
    start = time.perf_counter()
    with _stage("import"):
        plugin = source.load()
    manager = pluggy.PluginManager("ssoko")
    manager.add_hookspecs(hookspecs)
    with _stage("register"), unwarned():
        manager.register(plugin, source.slug)
        hooks = _implemented(manager, plugin)
    # The contract's version first: a newer one explains hooks that this Ssoko does not know.
    unknown = _unknown_hooks(manager)
    if "integration" in hooks:
        validate.check_api(_declare(manager, "integration").api)
    if unknown:
        raise PluginInvalid("register", unknown)
    if missing := [name for name in REQUIRED_HOOKS if name not in hooks]:
        raise PluginInvalid("register", f"required hooks are missing: {', '.join(missing)}")
    entry = _describe(source, manager, hooks)
    return replace(entry, seconds=time.perf_counter() - start), manager


def _describe(
    source: PluginSource, manager: pluggy.PluginManager, hooks: frozenset[str]
) -> LoadedIntegration:
    entry = LoadedIntegration(
        source.slug,
        source.distribution,
        source.version,
        integration=_declare(manager, "integration"),
        form=_declare(manager, "install_form"),
        metadata_fields=_declare(manager, "metadata_fields"),
        default_role=_declare(manager, "default_role"),
        guide=_declare(manager, "installation_guide"),
        hooks=hooks,
        deprecated=deprecated_in(manager),
    )
    with _stage("describe"):
        validate.check_declarations(
            entry.integration, entry.form, entry.metadata_fields, entry.default_role, entry.guide
        )
    return entry


def _declare(manager: pluggy.PluginManager, hook: str) -> Any:
    with _stage("describe", f"{hook}: "):
        answer = getattr(manager.hook, hook)()
    if wrong := validate.wrong_answer(hook, answer):
        raise PluginInvalid("describe", f"{hook}: {wrong}")
    return answer


@contextmanager
def _stage(stage: str, prefix: str = "") -> Iterator[None]:
    """Turn whatever a plugin raises into :class:`PluginInvalid`, ``sys.exit()`` included."""
    try:
        yield
    except (KeyboardInterrupt, PluginInvalid):
        raise
    except WrongType as error:
        raise PluginInvalid(stage, f"{prefix}{error}") from error
    except BaseException as error:
        text = f"{prefix}{type(error).__name__}: {error}"[:500]
        # In one line: it goes to the log, where another one would pass for Ssoko's own.
        line = "".join(c if c.isprintable() else " " for c in text)
        raise PluginInvalid(stage, line) from error


def _implemented(manager: pluggy.PluginManager, plugin: object) -> frozenset[str]:
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if any(i.wrapper or i.hookwrapper for i in caller.get_hookimpls()):
            raise PluginInvalid(
                "register", f"{caller.name} is a wrapper; each plugin's hooks are called alone"
            )
    return frozenset(caller.name for caller in callers)


def _unknown_hooks(manager: pluggy.PluginManager) -> str:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        known = (*REQUIRED_HOOKS, *OPTIONAL_HOOKS)
        unknown = [name for name in vars(manager.hook) if name not in known and name[0] != "_"]
        close = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"there is no hook {', '.join(unknown)}{hint}"
    return ""


# ---------------------------------------------------------------------------
# Answers
# ---------------------------------------------------------------------------


def _raised(error: BaseException) -> str:
    """Say where a hook broke, without the error's own words: they may hold a setting's value."""
    if isinstance(error, WrongType):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1:]
    at = f" at {place[0].filename.rpartition('/')[2]} line {place[0].lineno}" if place else ""
    return f"raised {type(error).__name__}{at}"


def _errors(hook: str, answer: Any) -> dict[str, list[str]]:
    judges: dict[str, Callable[[Any], tuple[Problem, ...]]] = {
        "service_provider": validate.check_service_provider,
        "attribute_mappings": validate.check_mappers,
        "saml_attributes": validate.check_attributes,
        "acceptance_rules": validate.check_rules,
    }
    errors: dict[str, list[str]] = {}
    if hook in judges:
        for problem in judges[hook](answer):
            errors.setdefault(problem.field, []).append(problem.message)
    return errors
