"""Validate what hooks return: the type for every hook, the values for those that are recorded.

A message says what is wrong and what to do.
"""

import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError

from ssoko.errors import PluginInvalid
from ssoko.plugin import API_VERSION, checks
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.guide import check_guide
from ssoko.plugin.host.logo import check_logo
from ssoko.plugin.typecheck import describe_type, describe_value, test_for
from ssoko.plugin.values import (
    METADATA_LABELS,
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    Problem,
    SamlAttribute,
    ServiceProvider,
)

#: Prefix of the names of a plugin's form fields in HTML, which keeps them apart from Ssoko's own.
POSTED_PREFIX = "plugin."

#: Fields of the integration that are one line, and the maximum number of characters.
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


def type_problem(returns: Any, value: object) -> str:
    """Return what is wrong with the type of a returned value, or an empty text.

    :param returns: the annotation of the hook's specification.
    """
    if test_for(returns)(value):
        return ""
    return f"return {describe_type(returns)}, not {describe_value(value)}"


def check_api(written_for: str) -> None:
    """Refuse a plugin written for another version of the hook contract.

    :raises PluginInvalid: for another major version, or a minor version newer than this one.
    """
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", written_for)
    if not match:
        raise PluginInvalid("describe", f'Integration.api: use a version such as "{API_VERSION}"')
    theirs = tuple(map(int, match.groups()))
    ours = tuple(map(int, API_VERSION.split(".")))
    if theirs[0] < ours[0]:
        fix = "install a newer version of the plugin"
    elif theirs > ours:
        fix = "install a newer Ssoko, or an older version of the plugin"
    else:
        return
    raise PluginInvalid(
        "describe",
        f"written for plugin API {written_for}, and this Ssoko has {API_VERSION}; {fix}",
    )


def form_fields(form: type[Schema]) -> tuple[str, ...]:
    """Return the names of the form's fields, without those that are secret."""
    return tuple(n for n, f in form().fields.items() if not f.metadata.get("secret"))


# ---------------------------------------------------------------------------
# Declarations
# ---------------------------------------------------------------------------


def integration_problems(integration: Integration) -> Iterator[Problem]:
    """Yield why the marketplace could not show an integration, each at its field."""
    for field in ("name", "summary"):
        if not getattr(integration, field).strip():
            yield Problem(f"Integration.{field}", f"enter the {field}")
    for field, limit in _LINES.items():
        text = getattr(integration, field)
        if len(text) > limit or not text.isprintable():
            yield Problem(
                f"Integration.{field}", f"use one line of at most {limit} printable characters"
            )
    if len(integration.monogram) > 3 or not integration.monogram.isprintable():
        yield Problem("Integration.monogram", "use one to three characters")
    if any(not alias.strip() or not alias.isprintable() for alias in integration.aliases):
        yield Problem("Integration.aliases", "remove empty words and control characters")
    if integration.homepage:
        yield from _problems(checks.check_url, **{"Integration.homepage": integration.homepage})
    if integration.logo and (message := check_logo(integration.logo)):
        yield Problem("Integration.logo", message)


def form_problems(form: type[Schema]) -> Iterator[Problem]:
    """Yield why the install page could not show a form."""
    for name, field in form().fields.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name):
            yield Problem(
                "install_form", f"rename the field {name!r}: use lowercase letters, digits and _"
            )
        for key in ("label", "help", "placeholder", "where_to_find"):
            if not isinstance(field.metadata.get(key, ""), str):
                yield Problem("install_form", f"{key} of the field {name} must be a string")


def metadata_problems(fields: tuple[MetadataField, ...]) -> Iterator[Problem]:
    """Yield what is wrong with the values of Ssoko that a vendor asks for."""
    for field in fields:
        if field.key not in METADATA_LABELS:
            keys = ", ".join(sorted(METADATA_LABELS))
            yield Problem("metadata_fields", f"unknown key {field.key!r}; use one of {keys}")
        elif not field.label.strip():
            yield Problem("metadata_fields", f"enter a label for {field.key}")


def default_role_problems(role: DefaultRole) -> Iterator[Problem]:
    """Yield what is wrong with the name of a default role."""
    if "{name}" not in role.name:
        yield Problem(
            "default_role", "add {name} to the role's name, so that each application has its own"
        )
    if re.search(r"[{}]", role.name.replace("{name}", "")) or not role.name.isprintable():
        yield Problem("default_role", "use braces for {name} only, and write the name in one line")


def guide_problems(guide: str, form: type[Schema]) -> Iterator[Problem]:
    """Yield what is wrong with a guide that may show fields of the form."""
    for message in check_guide(guide, form_fields(form)):
        yield Problem("installation_guide", message)


# ---------------------------------------------------------------------------
# Proposals
# ---------------------------------------------------------------------------


def check_service_provider(provider: ServiceProvider) -> tuple[Problem, ...]:
    """Return what is wrong with a service provider, each at its field.

    Fields are those of :class:`ServiceProvider`; items of lists have their index: ``acs_urls.0``.
    """
    return tuple(_provider_problems(provider))


def _provider_problems(sp: ServiceProvider) -> Iterator[Problem]:
    yield from _problems(checks.check_entity_id, entity_id=sp.entity_id)
    yield from _acs_problems(sp)
    yield from _problems(checks.check_name_id_format, name_id_format=sp.name_id_format)
    yield from _problems(checks.check_name_id_source, name_id_source=sp.name_id_source)
    yield from _problems(checks.check_text, relay_state=sp.relay_state)
    for field in ("slo_url", "slo_response_url", "launch_url"):
        if getattr(sp, field):
            yield from _problems(checks.check_url, **{field: getattr(sp, field)})
    yield from _certificate_problems(sp)
    if not sp.sign_response and not sp.sign_assertion:
        yield Problem("sign_assertion", "Sign the assertion, the response, or both")
    if not 60 <= sp.lifetime <= 3600:
        yield Problem("lifetime", "Enter a number of seconds from 60 to 3600")
    if sp.session_lifetime and not 60 <= sp.session_lifetime <= 30 * 86400:
        yield Problem("session_lifetime", "Enter 0, or a number of seconds from 60 to 2592000")


def _acs_problems(sp: ServiceProvider) -> Iterator[Problem]:
    if not sp.acs_urls:
        yield Problem("acs_urls", "Enter at least one ACS URL. SAML responses are sent there")
    if len(sp.acs_urls) > 100:
        yield Problem("acs_urls", "Enter at most 100 ACS URLs")
    for index, url in enumerate(sp.acs_urls):
        yield from _problems(checks.check_url, **{f"acs_urls.{index}": url})
        if url in sp.acs_urls[:index]:
            yield Problem(f"acs_urls.{index}", "This ACS URL is a duplicate. Remove it")
    indexes = [index for index, _ in sp.acs_indexes]
    if len(set(indexes)) < len(indexes) or any(not 0 <= index <= 65535 for index in indexes):
        yield Problem("acs_indexes", "Use each index once, from 0 to 65535")
    if any(url not in sp.acs_urls for _, url in sp.acs_indexes):
        yield Problem("acs_indexes", "Use only URLs that are listed in ACS URLs")


def _certificate_problems(sp: ServiceProvider) -> Iterator[Problem]:
    for field in ("certificates", "encryption_certificates"):
        for index, text in enumerate(getattr(sp, field)):
            yield from _problems(checks.check_certificate, **{f"{field}.{index}": text})
    if sp.require_signed_requests and not sp.certificates:
        yield Problem(
            "require_signed_requests",
            "Add the certificate that verifies request signatures, or turn this off",
        )
    if sp.encrypt_assertions:
        field = "encryption_certificates" if sp.encryption_certificates else "certificates"
        certificates = getattr(sp, field)
        if not certificates:
            yield Problem("encrypt_assertions", "Add an encryption certificate, or turn this off")
        elif not _message(checks.check_certificate, certificates[0]):
            yield from _problems(
                checks.check_encryption_certificate, **{f"{field}.0": certificates[0]}
            )


def check_mappers(mappers: tuple[Mapping, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with mappers, each at its index: ``attributes.0.source``."""
    return tuple(
        problem
        for index, mapper in enumerate(mappers)
        for problem in _mapper_problems(f"attributes.{index}", mapper)
    )


def _mapper_problems(at: str, mapper: Mapping) -> Iterator[Problem]:
    yield from _attribute_problems(at, mapper.name, mapper.name_format, mapper.friendly_name)
    yield from _problems(checks.check_source, **{f"{at}.source": mapper.source})


def check_attributes(attributes: tuple[SamlAttribute, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with the attributes of one assertion."""
    return tuple(
        problem
        for index, attribute in enumerate(attributes)
        for problem in (
            *_attribute_problems(
                f"attributes.{index}",
                attribute.name,
                attribute.name_format,
                attribute.friendly_name,
            ),
            *(
                problem
                for value in attribute.values
                for problem in _problems(checks.check_text, **{f"attributes.{index}.values": value})
            ),
        )
    )


def check_rules(rules: tuple[AcceptanceRule, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with acceptance rules, each at its index: ``rules.0.id``."""
    ids = [rule.id for rule in rules]
    problems = []
    for index, rule in enumerate(rules):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", rule.id) or rule.id in ids[:index]:
            message = "Use lowercase letters, digits and hyphens, and each id once"
            problems.append(Problem(f"rules.{index}.id", message))
        if not rule.sentence.strip() or len(rule.sentence) > 120 or rule.sentence.endswith("."):
            message = "State the requirement in up to 120 characters, without a full stop"
            problems.append(Problem(f"rules.{index}.sentence", message))
    return tuple(problems)


def _attribute_problems(at: str, name: str, name_format: str, friendly: str) -> Iterator[Problem]:
    yield from _problems(checks.check_attribute_name, **{f"{at}.name": name})
    yield from _problems(checks.check_name_format, **{f"{at}.name_format": name_format})
    yield from _problems(checks.check_text, **{f"{at}.friendly_name": friendly})


def _problems(check: Callable[[str], None], **value: str) -> Iterator[Problem]:
    for field, text in value.items():
        if message := _message(check, text):
            yield Problem(field, message)


def _message(check: Callable[[str], None], text: str) -> str:
    try:
        check(text)
    except ValidationError as error:
        return str(error.messages[0])
    return ""
