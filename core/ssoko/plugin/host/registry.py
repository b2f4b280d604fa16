"""Find the plugins, load them one by one, quarantine the broken ones, and call hooks.

Each plugin has its own :class:`pluggy.PluginManager`. With a shared one, an implementation that is
registered under another name (``specname``) would be called for every other plugin too.

Quarantine protects the availability of the other plugins. It is not a sandbox: a plugin is code in
this process.
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
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pluggy
from packaging.utils import canonicalize_name

from ssoko.errors import HookFailed, InputError, PluginInvalid, ProposalRefused, SignInRefused
from ssoko.plugin import hookspecs
from ssoko.plugin.hookspecs import HOOKS, Hook
from ssoko.plugin.host import containment, defaults, on_disk, validate
from ssoko.plugin.host.deprecations import Deprecation, deprecated_in, ignore_warnings
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.host.texts import plain, text_problem
from ssoko.plugin.host.tracebacks import authors_traceback
from ssoko.plugin.typecheck import WrongType
from ssoko.plugin.values import DefaultRole, Integration, MetadataField

log = logging.getLogger(__name__)

#: Seconds after which a plugin is reported as slow. It cannot be stopped.
SLOW = 1.0
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where a plugin comes from: an entry point, or a test.

    :param load: returns the module or object that holds the hook implementations.
    :param unmet: requirements of the distribution that the environment does not meet.
    """

    slug: str
    load: Callable[[], object]
    distribution: str = ""
    version: str = ""
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Why a plugin failed to load.

    :param stage: ``import``, ``register``, ``describe``, ``duplicate`` or ``hook``.
    :param traceback: for developers; shown to admins only.
    """

    slug: str
    distribution: str
    version: str
    stage: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class LoadedIntegration:
    """The validated declarations of a plugin.

    :param hooks: names of the hooks that it implements.
    :param seconds: time for the import and the declarations.
    :param deprecated: hooks and arguments that a later version of the contract refuses.
    """

    slug: str
    distribution: str
    version: str
    integration: Integration
    form: InstallForm
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
    :param problems: why plugins are quarantined.
    :param skipped: pairs of slug and reason for plugins that the settings exclude.
    :param only: the only slugs to load, or None for all.
    :param disabled: slugs that are not loaded.
    :param chosen: slugs to the only distribution that may have them.
    """

    integrations: Mapping[str, LoadedIntegration] = field(default_factory=dict)
    problems: tuple[PluginProblem, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    only: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    chosen: Mapping[str, str] = field(default_factory=dict)
    _managers: Mapping[str, pluggy.PluginManager] = field(default_factory=dict, repr=False)

    @classmethod
    def load(
        cls,
        sources: Iterable[PluginSource],
        *,
        only: frozenset[str] | None = None,
        disabled: frozenset[str] = frozenset(),
        opt_in: frozenset[str] = frozenset(),
        chosen: Mapping[str, str] = MappingProxyType({}),
    ) -> "Registry":
        """Load the sources one by one; a failure of one does not affect the others.

        :param only: the only slugs to load, or None for all.
        :param disabled: slugs not to load.
        :param opt_in: slugs of opt-in plugins to load.
        :param chosen: slugs to the only distribution that may have them.
        """
        loaded: dict[str, LoadedIntegration] = {}
        managers: dict[str, pluggy.PluginManager] = {}
        problems: list[PluginProblem] = []
        skipped: list[tuple[str, str]] = []
        for slug, claims in _by_slug(sources):
            if reason := exclusion_reason(slug, only, disabled):
                skipped.append((slug, reason))
                continue
            if slug in chosen:
                name = chosen[slug]
                if not any(is_same(claim.distribution, name) for claim in claims):
                    problems.extend(_not_chosen(claims, name))
                    continue
                claims = [claim for claim in claims if is_same(claim.distribution, name)]
            if len(claims) > 1:
                problems.extend(_duplicates(claims))
            else:
                for requirement in claims[0].unmet:
                    log.warning("plugin %s: %s", slug, requirement)
                try:
                    with _stage("register"):
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
            chosen,
            MappingProxyType(managers),
        )

    def get(self, slug: str) -> LoadedIntegration | None:
        """Return a loaded integration, or None."""
        return self.integrations.get(slug)

    def successor(self, slug: str) -> LoadedIntegration | None:
        """Return the integration that an integration without a plugin has become, or None.

        None too where several plugins say so.
        """
        if slug in self.integrations:
            return None
        found = [e for e in self.integrations.values() if slug in e.integration.formerly]
        return found[0] if len(found) == 1 else None

    def call(self, slug: str, hook: str, **kwargs: Any) -> Any:
        """Call one hook of one plugin, and validate the returned value.

        Where the plugin does not implement the hook, the default of the hook is returned. Of the
        declarations, the value from loading is returned. The plugin gets a read-only copy of
        ``settings``.

        :raises HookFailed: the plugin is not loaded, raised, or returned the wrong type.
        :raises SignInRefused: ``saml_attributes`` refuses to sign the user in.
        :raises ProposalRefused: a returned value is not valid; names the fields.
        """
        entry = self.integrations.get(slug)
        if entry is None:
            raise HookFailed(slug, hook, "the plugin is not loaded")
        table_entry = HOOKS[hook]
        if name := table_entry.declares:
            return getattr(entry, name)
        if hook not in entry.hooks:
            if table_entry.default_call:
                with entry.form.guard(f"the default of {hook}"):
                    return table_entry.default_call(entry.form, **kwargs)
            return table_entry.default
        start = time.perf_counter()
        try:
            if "settings" in kwargs:
                kwargs["settings"] = MappingProxyType(copy.deepcopy(dict(kwargs["settings"])))
            with containment.quiet():
                value = getattr(self._managers[slug].hook, hook)(**kwargs)
            problem = _value_problem(table_entry, value)
            errors = {} if problem else _errors(table_entry, value)
        except BaseException as error:
            if containment.ends_the_process(error):
                raise
            if isinstance(error, SignInRefused) and hook == "saml_attributes":
                fix = plain(getattr(error, "fix", ""))
                raise SignInRefused(plain(error), fix=fix) from error
            raise HookFailed(slug, hook, _raised(error)) from error
        if (took := time.perf_counter() - start) > SLOW:
            log.warning("plugin %s took %.1f s in its hook %s", slug, took, hook)
        if problem:
            raise HookFailed(slug, hook, problem)
        if errors:
            # The user who signs in typed none of this and cannot fix it.
            if hook == "saml_attributes":
                raise HookFailed(slug, hook, str(InputError(errors)))
            raise ProposalRefused(slug, hook, _blamed(entry, errors))
        return value


def installed_sources() -> list[PluginSource]:
    """Return the entry points of every installed distribution, by slug."""
    return [
        PluginSource(c.slug, c.load, c.distribution, c.version, on_disk.unmet_requirements(c.found))
        for c in on_disk.claims()
    ]


def is_same(distribution: str, other: str) -> bool:
    """Return whether two names are of one distribution, as pip compares them."""
    return bool(canonicalize_name(distribution) == canonicalize_name(other))


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


def exclusion_reason(slug: str, only: frozenset[str] | None, disabled: frozenset[str]) -> str:
    """Return why the settings exclude a plugin, or an empty text."""
    if slug in disabled:
        return "named in SSOKO_DISABLED_PLUGINS, or in disabled_plugins of ssoko.toml"
    if only is not None and slug not in only:
        return "not named in SSOKO_PLUGINS"
    return ""


def _duplicates(claims: list[PluginSource]) -> Iterator[PluginProblem]:
    names = " and ".join(f"{c.distribution} {c.version}".strip() for c in claims)
    for claim in claims:
        yield _duplicate(
            claim,
            f"{names} both use the slug {claim.slug}; uninstall one of them, or choose one in "
            f"SSOKO_PLUGINS: {claim.slug}={claim.distribution}",
        )


def _not_chosen(claims: list[PluginSource], chosen: str) -> Iterator[PluginProblem]:
    for claim in claims:
        yield _duplicate(
            claim,
            f"SSOKO_PLUGINS chooses {chosen} for the slug {claim.slug}; install it, or change the "
            "setting",
        )


def _duplicate(claim: PluginSource, message: str) -> PluginProblem:
    return PluginProblem(claim.slug, claim.distribution, claim.version, "duplicate", message)


def _problem(source: PluginSource, error: PluginInvalid) -> PluginProblem:
    cause = error.__cause__
    trace = authors_traceback(cause) if cause else ""
    about = (source.slug, source.distribution, source.version)
    message = ". ".join((str(error), *source.unmet))
    return PluginProblem(*about, error.stage, message, trace)


# ---------------------------------------------------------------------------
# Loading one plugin
# ---------------------------------------------------------------------------


def _load_one(source: PluginSource) -> tuple[LoadedIntegration, pluggy.PluginManager]:
    if not SLUG.fullmatch(source.slug):
        raise PluginInvalid(
            "import",
            f"the entry point's name {source.slug!r} is not a slug: use up to 40 lowercase "
            "letters, digits and hyphens",
        )
    # When a plugin ends the process, this is the last line of the log and names it.
    log.debug("loading plugin %s (%s %s)", source.slug, source.distribution, source.version)
    start = time.perf_counter()
    with _stage("import"), containment.importing():
        plugin = source.load()
    manager = pluggy.PluginManager("ssoko")
    manager.add_hookspecs(hookspecs)
    with _stage("register"), ignore_warnings():
        manager.register(plugin, source.slug)
        hooks = _implemented(manager, plugin)
    # First the version of the contract: a newer one explains hooks that this Ssoko does not know.
    unknown = _unknown_hooks(manager)
    if "integration" in hooks:
        validate.check_api(_call(manager, HOOKS["integration"]).api)
    if unknown:
        raise PluginInvalid("register", unknown)
    if missing := [_missing(hook) for hook in _missing_hooks(plugin, hooks)]:
        raise PluginInvalid("register", f"required hooks are missing: {', '.join(missing)}")
    declared = _declarations(source.slug, manager, plugin, hooks)
    entry = LoadedIntegration(
        source.slug,
        source.distribution,
        source.version,
        **declared,
        hooks=hooks,
        seconds=time.perf_counter() - start,
        deprecated=deprecated_in(manager),
    )
    return entry, manager


def _missing_hooks(plugin: object, hooks: frozenset[str]) -> Iterator[Hook]:
    for hook in HOOKS.values():
        replaced = _read_file(plugin, hook.file) or getattr(plugin, hook.attribute, None)
        if hook.required and hook.name not in hooks and not replaced:
            yield hook


def _missing(hook: Hook) -> str:
    instead = f"the file {hook.file}" if hook.file else hook.attribute
    return f"{hook.name} (or {instead})" if instead else hook.name


def _declarations(
    slug: str, manager: pluggy.PluginManager, plugin: object, hooks: frozenset[str]
) -> dict[str, Any]:
    """Return the validated values of the hooks that are called once, by their fields."""
    declaring = [hook for hook in HOOKS.values() if hook.declares]
    declared: dict[str, Any] = {}
    for hook in declaring:
        if hook.name in hooks:
            value = _call(manager, hook)
        elif hook.attribute:
            value = _typed(hook, getattr(plugin, hook.attribute))
        elif hook.default_from:
            value = hook.default_from(slug, declared["integration"])
        else:
            value = _read_file(plugin, hook.file)
        if isinstance(value, Integration):
            with _stage("describe"):
                value = defaults.fill_in(value, plugin)
        if hook.declares == "form":
            with _stage("describe", f"{hook.name}: "), containment.importing():
                value = InstallForm(slug, value)
        declared[hook.declares] = value
    for hook in declaring:
        value = declared[hook.declares]
        with _stage("describe"):
            if hook.validate:
                problems = tuple(hook.validate(value))
            else:
                assert hook.validate_with_form is not None  # noqa: S101 - a fault in the table
                problems = tuple(hook.validate_with_form(value, declared["form"]))
        for problem in problems:
            raise PluginInvalid("describe", f"{problem.field}: {problem.message}")
    return declared


def _read_file(plugin: object, name: str) -> str:
    with _stage("describe", f"{name}: "):
        return defaults.read_text(plugin, name) if name else ""


def _call(manager: pluggy.PluginManager, hook: Hook) -> Any:
    with _stage("describe", f"{hook.name}: "), containment.importing():
        value = getattr(manager.hook, hook.name)()
    return _typed(hook, value)


def _typed(hook: Hook, value: Any) -> Any:
    with _stage("describe", f"{hook.name}: "):
        problem = _value_problem(hook, value)
    if problem:
        raise PluginInvalid("describe", f"{hook.name}: {problem}")
    return value


@contextmanager
def _stage(stage: str, prefix: str = "") -> Iterator[None]:
    """Turn what a plugin raises, ``sys.exit()`` included, into :class:`PluginInvalid`."""
    try:
        yield
    except PluginInvalid:
        raise
    except WrongType as error:
        raise PluginInvalid(stage, f"{prefix}{plain(error)}") from error
    except BaseException as error:
        if containment.ends_the_process(error):
            raise
        text = f"{prefix}{plain(type(error).__name__, 100)}: {plain(error)}"[:500]
        # One line only: in the log, a second line would look like a message of Ssoko.
        line = "".join(c if c.isprintable() else " " for c in text)
        raise PluginInvalid(stage, line) from error


def _implemented(manager: pluggy.PluginManager, plugin: object) -> frozenset[str]:
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if any(i.wrapper or i.hookwrapper for i in caller.get_hookimpls()):
            raise PluginInvalid(
                "register", f"{caller.name} is a wrapper; write a plain implementation"
            )
    return frozenset(caller.name for caller in callers)


def _unknown_hooks(manager: pluggy.PluginManager) -> str:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        unknown = [name for name in vars(manager.hook) if name not in HOOKS and name[0] != "_"]
        close = difflib.get_close_matches(unknown[0], HOOKS, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"there is no hook {', '.join(unknown)}{hint}"
    return ""


# ---------------------------------------------------------------------------
# Returned values
# ---------------------------------------------------------------------------


def _raised(error: BaseException) -> str:
    """Return where a hook raised, without the text of the error, which may contain a secret."""
    if isinstance(error, WrongType):
        return plain(error)
    place = traceback.extract_tb(error.__traceback__)[-1:]
    at = f" at {place[0].filename.rpartition('/')[2]} line {place[0].lineno}" if place else ""
    return f"raised {plain(type(error).__name__, 100)}{plain(at)}"


def _value_problem(hook: Hook, value: Any) -> str:
    return validate.type_problem(hook.returns, value) or text_problem(value)


def _blamed(entry: LoadedIntegration, errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the errors of a proposal; those that no field can fix name the plugin."""
    blamed: dict[str, list[str]] = {}
    for name, messages in errors.items():
        if entry.form.name_of(name).partition(".")[0] in entry.form.fields:
            blamed.setdefault(entry.form.name_of(name), []).extend(messages)
        else:
            blamed.setdefault("", []).extend(
                f"The plugin {entry.slug} proposes a value for {name} that cannot be used: "
                f"{message}. Enter other settings, or contact the plugin's publisher"
                for message in messages
            )
    return blamed


def _errors(hook: Hook, value: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for problem in hook.validate(value) if hook.validate else ():
        errors.setdefault(problem.field, []).append(problem.message)
    return errors
