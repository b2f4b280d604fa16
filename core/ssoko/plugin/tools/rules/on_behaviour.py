"""Rules on what the hooks do with sample answers: proposals, purity, refusals."""

from collections.abc import Iterable, Iterator
from typing import Any

from marshmallow import ValidationError

from ssoko.errors import HookFailed, SignInRefused
from ssoko.plugin.tools.rules.purity import pure
from ssoko.plugin.tools.rules.rule import Rule
from ssoko.plugin.tools.rules.sample import sample_person, sample_site
from ssoko.plugin.tools.rules.subject import Subject
from ssoko.plugin.values import ServiceProvider

_CURT = frozenset({"invalid", "invalid.", "invalid value.", "not a valid string.", "error"})


def _settings(subject: Subject) -> dict[str, Any] | None:
    """Return the sample answers as the form loads them, or None when it refuses them."""
    try:
        loaded: dict[str, Any] = subject.loaded.form().load(dict(subject.settings))
    except ValidationError:
        return None
    return loaded


def _messages(error: ValidationError) -> Iterable[tuple[str, Any]]:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # as marshmallow has it
    return dict(messages).items()


def _calls(subject: Subject, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "check_settings": {"settings": settings},
        "service_provider": {"settings": settings, "site": sample_site(subject.slug)},
        "attribute_mappings": {"settings": settings},
        "saml_attributes": {
            "settings": settings,
            "person": sample_person(),
            "roles": ("sso-sample-role",),
        },
    }


def _answer(subject: Subject, hook: str) -> Any:
    """Return what a hook makes of the sample answers, or None when it fails: SSK041 says so."""
    settings = _settings(subject)
    if settings is None:
        return None
    try:
        return subject.call(hook, **_calls(subject, settings)[hook])
    except (HookFailed, SignInRefused):
        return None


def form_takes_its_placeholders(subject: Subject) -> Iterator[str]:
    try:
        subject.loaded.form().load(dict(subject.settings))
    except ValidationError as error:
        for name, messages in _messages(error):
            yield f"{name}: {messages[0] if isinstance(messages, list) else messages}"


def proposals_are_taken(subject: Subject) -> Iterator[str]:
    settings = _settings(subject)
    if settings is None:
        return
    for hook, arguments in _calls(subject, settings).items():
        try:
            answer = subject.call(hook, **arguments)
        except SignInRefused:
            # The sample person lacks something; saying so is an answer.
            continue
        except HookFailed as error:
            yield str(error)
            continue
        if hook == "check_settings":
            yield from (f"{p.field}: {p.message}" for p in answer if p.level == "error")


def hooks_are_pure(subject: Subject) -> Iterator[str]:
    settings = _settings(subject)
    if settings is None:
        return
    for hook, arguments in _calls(subject, settings).items():
        try:
            with pure(subject.package) as seen:
                once = subject.call(hook, **arguments)
                twice = subject.call(hook, **arguments)
        except (HookFailed, SignInRefused):
            once = twice = None
        yield from (f"{hook} calls {call}" for call in dict.fromkeys(seen))
        if once != twice:
            yield f"{hook} gives two answers to the same settings"


def import_is_quiet(subject: Subject) -> Iterator[str]:
    yield from (f"importing it calls {call}" for call in dict.fromkeys(subject.at_import))


def assertions_are_signed(subject: Subject) -> Iterator[str]:
    found = _answer(subject, "service_provider")
    if isinstance(found, ServiceProvider) and not found.sign_assertion:
        yield "service_provider leaves the assertion unsigned"


def nothing_is_deprecated(subject: Subject) -> Iterator[str]:
    yield from map(str, subject.loaded.deprecated)


def refusals_say_what_to_do(subject: Subject) -> Iterator[str]:
    form = subject.loaded.form()
    for raw in ({}, dict.fromkeys(form.fields, "\x00")):
        try:
            form.load(raw)
        except ValidationError as error:
            for name, messages in _messages(error):
                for message in messages if isinstance(messages, list) else []:
                    if str(message).casefold() in _CURT:
                        yield f"the field {name} says {message!r}"


def mappers_have_labels(subject: Subject) -> Iterator[str]:
    for mapper in _answer(subject, "attribute_mappings") or ():
        if not mapper.label.strip():
            yield f"the attribute {mapper.name} has no label"


RULES = (
    Rule(
        "SSK013",
        "bronze",
        "the placeholders are answers that the form takes",
        "An example that is refused teaches the wrong thing; checks are made with them too.",
        "Write a placeholder that is a good answer into each required field.",
        form_takes_its_placeholders,
    ),
    Rule(
        "SSK040",
        "bronze",
        "the proposals are taken",
        "A refused ACS URL, mapper name, format or source stops every installation.",
        "Mend what the message names; ssoko.plugin.checks has the same judges.",
        proposals_are_taken,
    ),
    Rule(
        "SSK041",
        "bronze",
        "the hooks are pure",
        "They run while somebody waits, and must give the same answer each time.",
        "Take what the hook is given; leave clock, network and chance alone.",
        hooks_are_pure,
    ),
    Rule(
        "SSK042",
        "bronze",
        "importing it is quiet",
        "Ssoko would wait for the network at each start, and for ever when it is away.",
        "Move the call into the page or the hook that needs it.",
        import_is_quiet,
        loaded=False,
    ),
    Rule(
        "SSK052",
        "silver",
        "assertions are signed",
        "A signature on the response alone is lost when the response is taken apart.",
        "Leave sign_assertion on, unless the vendor refuses it.",
        assertions_are_signed,
    ),
    Rule(
        "SSK053",
        "silver",
        "refusals say what to do",
        '"Invalid" leaves people where they were.',
        "Use ssoko.plugin.fields and checks, or give the validator an error text.",
        refusals_say_what_to_do,
    ),
    Rule(
        "SSK054",
        "silver",
        "nothing is deprecated that it implements",
        "The next major version of the contract refuses it, and the plugin with it.",
        "Write what the message names in its place, and state the version of the contract.",
        nothing_is_deprecated,
    ),
    Rule(
        "SSK083",
        "gold",
        "attributes have labels",
        "They are shown before the installation, as what the vendor will get.",
        "Give each Mapping a label.",
        mappers_have_labels,
    ),
)
