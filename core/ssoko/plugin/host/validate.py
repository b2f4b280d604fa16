"""Judge what a plugin answers: the types of every hook, and the values of those that matter."""

import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingType
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError

from ssoko.errors import PluginInvalid
from ssoko.plugin import API_VERSION, checks
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.guide import check_guide
from ssoko.plugin.host.logo import check_logo
from ssoko.plugin.typecheck import describe_type
from ssoko.plugin.values import (
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    Problem,
    SamlAttribute,
    ServiceProvider,
)

#: Values of ours that core can fill in; see :class:`MetadataField`.
METADATA_KEYS = frozenset(
    "login_endpoint logout_endpoint entity_id metadata_url metadata_file certificate".split()
)
#: What stands before the name of an install form's field in HTML, so that it is none of ours.
POSTED_PREFIX = "plugin."

#: Fields of the integration that are one line, and how many characters that may have.
_LINES = MappingProxyType(
    {
        "name": 60,
        "summary": 200,
        "vendor": 60,
        "publisher": 60,
        "certificate_import": 400,
        "certificate_removal": 400,
    }
)

#: Hook to the type of its answer: a class, or (class,) for a tuple of its instances.
_ANSWERS: MappingType[str, Any] = MappingProxyType(
    {
        "integration": Integration,
        "metadata_fields": (MetadataField,),
        "default_role": DefaultRole,
        "installation_guide": str,
        "service_provider": ServiceProvider,
        "attribute_mappings": (Mapping,),
        "check_settings": (Problem,),
        "saml_attributes": (SamlAttribute,),
        "acceptance_rules": (AcceptanceRule,),
        "settings_from_metadata": dict,
    }
)


def wrong_answer(hook: str, answer: object) -> str:
    """Return what is wrong with the type of an answer, or an empty text."""
    if hook == "install_form":
        good, wanted = isinstance(answer, type) and issubclass(answer, Schema), "a Schema class"
    elif hook == "web_application":
        good, wanted = callable(answer), "a WSGI application"
    elif isinstance(expected := _ANSWERS[hook], tuple):
        kind = expected[0]
        good = isinstance(answer, tuple) and all(isinstance(item, kind) for item in answer)
        wanted = f"a tuple of {kind.__name__}"
    else:
        good, wanted = isinstance(answer, expected), expected.__name__
    return "" if good else f"answer with {wanted}, not {describe_type(answer)}"


def check_api(written_for: str) -> None:
    """Refuse a plugin written for another hook contract.

    :raises PluginInvalid: for another major version, or a minor one that is newer than ours.
    """
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", written_for)
    if not match:
        raise PluginInvalid("describe", f'Integration.api: write it like "{API_VERSION}"')
    theirs = tuple(map(int, match.groups()))
    ours = tuple(map(int, API_VERSION.split(".")))
    if theirs[0] < ours[0]:
        mend = "install a newer version of the plugin"
    elif theirs > ours:
        mend = "install a newer Ssoko, or an older version of the plugin"
    else:
        return
    raise PluginInvalid(
        "describe",
        f"written for plugin API {written_for}, and this Ssoko has {API_VERSION}; {mend}",
    )


def check_declarations(
    integration: Integration,
    form: type[Schema],
    metadata_fields: tuple[MetadataField, ...],
    default_role: DefaultRole,
    guide: str,
) -> None:
    """Refuse declarations that the marketplace or the install page could not show.

    :raises PluginInvalid: with the first problem.
    """
    problems = (
        *integration_problems(integration),
        *_form_problems(form),
        *_metadata_problems(metadata_fields),
        *_role_problems(default_role),
    )
    if problems:
        raise PluginInvalid("describe", problems[0])
    wrong = check_guide(guide, form_fields(form))
    if wrong:
        raise PluginInvalid("describe", f"installation_guide: {wrong[0]}")


def form_fields(form: type[Schema]) -> tuple[str, ...]:
    """Return the names of the form's fields, without those that are secret."""
    return tuple(n for n, f in form().fields.items() if not f.metadata.get("secret"))


def integration_problems(integration: Integration) -> Iterator[str]:
    """Return why the marketplace could not show an integration, each with its field."""
    for field in ("name", "summary"):
        if not getattr(integration, field).strip():
            yield f"Integration.{field}: give it a text"
    for field, limit in _LINES.items():
        text = getattr(integration, field)
        if len(text) > limit or not text.isprintable():
            yield f"Integration.{field}: one line of at most {limit} printable characters"
    if len(integration.monogram) > 3 or not integration.monogram.isprintable():
        yield "Integration.monogram: one to three characters"
    if any(not alias.strip() or not alias.isprintable() for alias in integration.aliases):
        yield "Integration.aliases: leave out empty words and control characters"
    if integration.homepage and (wrong := _refusal(checks.check_url, integration.homepage)):
        yield f"Integration.homepage: {wrong}"
    if integration.logo and (wrong := check_logo(integration.logo)):
        yield f"Integration.logo: {wrong}"


def _form_problems(form: type[Schema]) -> Iterator[str]:
    for name, field in form().fields.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name):
            yield f"install_form: name the field {name!r} in small letters, digits and underscores"
        for key in ("label", "help", "placeholder", "where_to_find"):
            if not isinstance(field.metadata.get(key, ""), str):
                yield f"install_form: {key} of the field {name} must be a text"


def _metadata_problems(fields: tuple[MetadataField, ...]) -> Iterator[str]:
    for field in fields:
        if field.key not in METADATA_KEYS:
            yield (
                f"metadata_fields: there is no value {field.key!r}; "
                f"use one of {', '.join(sorted(METADATA_KEYS))}"
            )
        if not field.label.strip():
            yield f"metadata_fields: give the value {field.key} a label"


def _role_problems(role: DefaultRole) -> Iterator[str]:
    if "{name}" not in role.name:
        yield "default_role: put {name} into the role's name, so that each application has its own"
    if re.search(r"[{}]", role.name.replace("{name}", "")) or not role.name.isprintable():
        yield "default_role: the only thing in braces can be {name}, in one line"


# ---------------------------------------------------------------------------
# Proposals
# ---------------------------------------------------------------------------


def check_service_provider(provider: ServiceProvider) -> tuple[Problem, ...]:
    """Return what is wrong with a service provider, each at the field it is about.

    Fields are those of :class:`ServiceProvider`; those of lists carry their place: ``acs_urls.0``.
    """
    return tuple(_provider_problems(provider))


def _provider_problems(sp: ServiceProvider) -> Iterator[Problem]:
    yield from _judge(checks.check_entity_id, entity_id=sp.entity_id)
    yield from _acs_problems(sp)
    yield from _judge(checks.check_name_id_format, name_id_format=sp.name_id_format)
    yield from _judge(checks.check_name_id_source, name_id_source=sp.name_id_source)
    yield from _judge(checks.check_text, relay_state=sp.relay_state)
    for field in ("slo_url", "slo_response_url", "launch_url"):
        if getattr(sp, field):
            yield from _judge(checks.check_url, **{field: getattr(sp, field)})
    yield from _certificate_problems(sp)
    if not sp.sign_response and not sp.sign_assertion:
        yield Problem("sign_assertion", "Sign the assertion, the response, or both")
    if not 60 <= sp.lifetime <= 3600:
        yield Problem("lifetime", "Give a number of seconds from 60 to 3600")
    if sp.session_lifetime and not 60 <= sp.session_lifetime <= 30 * 86400:
        yield Problem("session_lifetime", "Give 0, or a number of seconds from 60 to 2592000")


def _acs_problems(sp: ServiceProvider) -> Iterator[Problem]:
    if not sp.acs_urls:
        yield Problem("acs_urls", "Give at least one ACS URL; answers are sent there")
    if len(sp.acs_urls) > 100:
        yield Problem("acs_urls", "Give at most 100 ACS URLs")
    for place, url in enumerate(sp.acs_urls):
        yield from _judge(checks.check_url, **{f"acs_urls.{place}": url})
        if url in sp.acs_urls[:place]:
            yield Problem(f"acs_urls.{place}", "This ACS URL is there already")
    indexes = [index for index, _ in sp.acs_indexes]
    if len(set(indexes)) < len(indexes) or any(not 0 <= index <= 65535 for index in indexes):
        yield Problem("acs_indexes", "Give each index once, from 0 to 65535")
    if any(url not in sp.acs_urls for _, url in sp.acs_indexes):
        yield Problem("acs_indexes", "Number only addresses that are among the ACS URLs")


def _certificate_problems(sp: ServiceProvider) -> Iterator[Problem]:
    for field in ("certificates", "encryption_certificates"):
        for place, text in enumerate(getattr(sp, field)):
            yield from _judge(checks.check_certificate, **{f"{field}.{place}": text})
    if sp.require_signed_requests and not sp.certificates:
        yield Problem(
            "require_signed_requests",
            "Add the certificate that requests are signed with, or leave this off",
        )
    if sp.encrypt_assertions:
        field = "encryption_certificates" if sp.encryption_certificates else "certificates"
        if found := getattr(sp, field):
            wrong = tuple(_judge(checks.check_encryption_certificate, **{f"{field}.0": found[0]}))
            yield from wrong if not _refusal(checks.check_certificate, found[0]) else ()
        else:
            yield Problem(
                "encrypt_assertions", "Add the certificate to encrypt to, or leave this off"
            )


def check_mappers(mappers: tuple[Mapping, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with mappers, each at its place: ``attributes.0.source``."""
    return tuple(
        problem
        for place, mapper in enumerate(mappers)
        for problem in _mapper_problems(f"attributes.{place}", mapper)
    )


def _mapper_problems(at: str, mapper: Mapping) -> Iterator[Problem]:
    yield from _attribute_problems(at, mapper.name, mapper.name_format, mapper.friendly_name)
    yield from _judge(checks.check_source, **{f"{at}.source": mapper.source})


def check_attributes(attributes: tuple[SamlAttribute, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with the attributes of one assertion."""
    return tuple(
        problem
        for place, attribute in enumerate(attributes)
        for problem in (
            *_attribute_problems(
                f"attributes.{place}",
                attribute.name,
                attribute.name_format,
                attribute.friendly_name,
            ),
            *(
                found
                for value in attribute.values
                for found in _judge(checks.check_text, **{f"attributes.{place}.values": value})
            ),
        )
    )


def check_rules(rules: tuple[AcceptanceRule, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with acceptance rules, each at its place: ``rules.0.id``."""
    ids = [rule.id for rule in rules]
    found = []
    for place, rule in enumerate(rules):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", rule.id) or rule.id in ids[:place]:
            said = "Use small letters, digits and hyphens, and each id once"
            found.append(Problem(f"rules.{place}.id", said))
        if not rule.sentence.strip() or len(rule.sentence) > 120 or rule.sentence.endswith("."):
            said = "Say in up to 120 characters what has to be so, without a full stop"
            found.append(Problem(f"rules.{place}.sentence", said))
    return tuple(found)


def _attribute_problems(at: str, name: str, name_format: str, friendly: str) -> Iterator[Problem]:
    yield from _judge(checks.check_attribute_name, **{f"{at}.name": name})
    yield from _judge(checks.check_name_format, **{f"{at}.name_format": name_format})
    yield from _judge(checks.check_text, **{f"{at}.friendly_name": friendly})


def _judge(check: Callable[[str], None], **value: str) -> Iterator[Problem]:
    for field, text in value.items():
        if wrong := _refusal(check, text):
            yield Problem(field, wrong)


def _refusal(check: Callable[[str], None], text: str) -> str:
    try:
        check(text)
    except ValidationError as error:
        return str(error.messages[0])
    return ""
