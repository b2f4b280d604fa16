"""Rules on what the hooks do with sample settings: proposals, purity, error messages."""

from collections.abc import Iterator
from typing import Any

from ssoko.errors import HookFailed, InputError, SignInRefused
from ssoko.plugin.hookspecs import HOOKS
from ssoko.plugin.tools.rules.purity import pure
from ssoko.plugin.tools.rules.rule import Rule
from ssoko.plugin.tools.rules.sample import sample_metadata, sample_person, sample_site
from ssoko.plugin.tools.rules.subject import Subject
from ssoko.plugin.values import ServiceProvider, WebContext

#: The hook whose values contain functions.
_RULES = "acceptance_rules"
#: The hook that may read the clock and use randomness.
_PAGES = "web_application"
_UNHELPFUL = frozenset({"invalid", "invalid.", "invalid value.", "not a valid string.", "error"})


def _settings(subject: Subject) -> dict[str, Any] | None:
    """Return the sample settings as the form loads them, or None when it refuses them."""
    try:
        return subject.loaded.form.load(subject.settings)
    except (InputError, HookFailed):
        return None


def _calls(subject: Subject, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return sample arguments for each hook that is called after the plugin is loaded."""
    site = sample_site(subject.slug)
    samples = {
        "settings": settings,
        "site": site,
        "person": sample_person(),
        "roles": ("sso-sample-role",),
        "from_version": "0.0",
        "context": WebContext(site=site, applications=tuple),
    }
    try:
        provider = subject.call("service_provider", settings=settings, site=site)
        samples["metadata"] = sample_metadata(provider)
    except HookFailed:
        pass  # SSK040 calls the hook again and reports it
    return {
        hook.name: {name: samples[name] for name in hook.arguments}
        for hook in HOOKS.values()
        if not hook.declares and samples.keys() >= set(hook.arguments)
    }


def _result(subject: Subject, hook: str) -> Any:
    """Return the result of a hook for the sample settings, or None when it fails (SSK041)."""
    settings = _settings(subject)
    if settings is None:
        return None
    try:
        return subject.call(hook, **_calls(subject, settings)[hook])
    except (HookFailed, SignInRefused):
        return None


def placeholders_are_valid(subject: Subject) -> Iterator[str]:
    try:
        subject.loaded.form.load(subject.settings)
    except InputError as error:
        yield from (f"{name}: {messages[0]}" for name, messages in error.errors.items())
    except HookFailed as error:
        yield str(error)


def proposals_are_valid(subject: Subject) -> Iterator[str]:
    settings = _settings(subject)
    if settings is None:
        return
    for hook, arguments in _calls(subject, settings).items():
        try:
            value = subject.call(hook, **arguments)
        except SignInRefused:
            # The hook may refuse the sample user, who has no attributes.
            continue
        except HookFailed as error:
            yield str(error)
            continue
        if hook == "settings_from_metadata":
            names = {subject.loaded.form.name_of(str(name)) for name in value}
            unknown = sorted(names - subject.loaded.form.fields.keys())
            yield from (f"{hook}: the form has no field {name}" for name in unknown)
        if hook == "check_settings":
            yield from (f"{p.field}: {p.message}" for p in value if p.level == "error")


def hooks_are_pure(subject: Subject) -> Iterator[str]:
    settings = _settings(subject)
    if settings is None:
        return
    for hook, arguments in _calls(subject, settings).items():
        if hook == _PAGES:
            continue
        try:
            with pure(subject.package) as impure:
                first = subject.call(hook, **arguments)
                second = subject.call(hook, **arguments)
        except (HookFailed, SignInRefused):
            first = second = None
        yield from (f"{hook} calls {call}" for call in dict.fromkeys(impure))
        # Acceptance rules contain functions, which are new objects at each call.
        if first != second and hook != _RULES:
            yield f"{hook} returns different values for the same settings"


def import_has_no_side_effects(subject: Subject) -> Iterator[str]:
    yield from (f"the import calls {call}" for call in dict.fromkeys(subject.at_import))


def assertions_are_signed(subject: Subject) -> Iterator[str]:
    provider = _result(subject, "service_provider")
    if isinstance(provider, ServiceProvider) and not provider.sign_assertion:
        yield "service_provider turns off sign_assertion"


def nothing_is_deprecated(subject: Subject) -> Iterator[str]:
    yield from map(str, subject.loaded.deprecated)


def errors_say_what_to_do(subject: Subject) -> Iterator[str]:
    form = subject.loaded.form
    for raw in ({}, dict.fromkeys(form.fields, "\x01")):
        try:
            form.load(raw)
        except InputError as error:
            for name, messages in error.errors.items():
                for message in messages:
                    if message.casefold() in _UNHELPFUL:
                        yield f"the field {name} has the message {message!r}"
        except HookFailed as error:
            yield str(error)


def mappers_have_labels(subject: Subject) -> Iterator[str]:
    for mapper in _result(subject, "attribute_mappings") or ():
        if not mapper.label.strip():
            yield f"the attribute {mapper.name} has no label"


RULES = (
    Rule(
        "SSK013",
        "bronze",
        "the placeholders are valid",
        "Admins follow the examples, and checks use them.",
        "Set a valid placeholder for each required field.",
        placeholders_are_valid,
    ),
    Rule(
        "SSK040",
        "bronze",
        "the proposals are valid",
        "An invalid ACS URL, mapper name, format or source stops every installation.",
        "Fix the value in the message. ssoko.plugin.checks has the same validators.",
        proposals_are_valid,
    ),
    Rule(
        "SSK041",
        "bronze",
        "the hooks are pure",
        "They run while a user waits, and must return the same each time.",
        "Use only the arguments: no clock, no network, no randomness.",
        hooks_are_pure,
    ),
    Rule(
        "SSK042",
        "bronze",
        "the import has no side effects",
        "Ssoko would wait for the network at each start.",
        "Move the call into the page or the hook that needs it.",
        import_has_no_side_effects,
        loaded=False,
    ),
    Rule(
        "SSK052",
        "silver",
        "assertions are signed",
        "A signature on the response only is lost when the assertion is extracted.",
        "Keep sign_assertion on, unless the vendor refuses it.",
        assertions_are_signed,
    ),
    Rule(
        "SSK053",
        "silver",
        "errors say what to do",
        '"Invalid" does not help users to correct a value.',
        "Use ssoko.plugin.fields and checks, or set the validator's error text.",
        errors_say_what_to_do,
    ),
    Rule(
        "SSK054",
        "silver",
        "no deprecated hook or argument is used",
        "The next major version of the contract refuses the plugin.",
        "Use the replacement in the message, and set the version of the contract.",
        nothing_is_deprecated,
    ),
    Rule(
        "SSK083",
        "gold",
        "attributes have labels",
        "The marketplace lists the attributes that the vendor gets.",
        "Set label for each Mapping.",
        mappers_have_labels,
    ),
)
