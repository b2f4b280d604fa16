"""Validate what hooks return: the type for every hook, the values for those that are recorded.

A message says what is wrong and what to do.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError
from marshmallow.fields import Boolean, Enum, Field, List, Nested, Number, String

from ssoko.errors import PluginInvalid
from ssoko.plugin import API_VERSION, checks
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.guide import check_guide
from ssoko.plugin.host.form import InstallForm, rows_of
from ssoko.plugin.host.logo import check_logo
from ssoko.plugin.host.texts import is_encodable, text_problem
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

#: The fields that the install page, the API and the settings support.
SUPPORTED_FIELDS = (
    "String and its subclasses, Boolean, Integer, Float, Decimal, Enum, a List of them, "
    "or a List of Nested rows of them"
)
#: The most characters of a text of a form field.
_FORM_TEXTS = MappingProxyType(
    {"label": 200, "help": 1000, "placeholder": 4000, "where_to_find": 1000}
)
_MAX_FIELDS = 100
_MAX_CHOICES = 1000
_MAX_GUIDE = 100_000
_MAX_DESCRIPTION = 20_000
_MAX_ITEMS = 100

#: Fields of the integration that are one line, and the maximum number of characters.
_LINES = MappingProxyType(
    {
        "name": 60,
        "summary": 200,
        "vendor": 60,
        "publisher": 60,
        "category": 60,
        "metadata_file": 400,
        "tested_with": 200,
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


def form_fields(form: InstallForm) -> tuple[str, ...]:
    """Return the names of the form's fields, without those that are secret."""
    return tuple(name for name in form.fields if name not in form.secret)


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
    if len(integration.description) > _MAX_DESCRIPTION:
        yield Problem("Integration.description", f"use at most {_MAX_DESCRIPTION} characters")
    for fact in integration.facts:
        if not fact.claim.strip() or (fact.verified and not _is_date(fact.verified)):
            yield Problem(
                "Integration.facts", "write a claim, and a date such as 2026-11-28 or none"
            )
        if fact.source:
            yield from _problems(checks.check_url, **{"Integration.facts": fact.source})
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", slug) for slug in integration.formerly):
        yield Problem("Integration.formerly", "use slugs: lowercase letters, digits and hyphens")
    for field in ("aliases", "requirements", "formerly"):
        if len(getattr(integration, field)) > _MAX_ITEMS:
            yield Problem(f"Integration.{field}", f"use at most {_MAX_ITEMS}")
    if len(integration.monogram) > 3 or not integration.monogram.isprintable():
        yield Problem("Integration.monogram", "use one to three characters")
    if any(not alias.strip() or not alias.isprintable() for alias in integration.aliases):
        yield Problem("Integration.aliases", "remove empty words and control characters")
    try:
        re.compile(integration.metadata_hosts)
    except re.error as error:
        yield Problem("Integration.metadata_hosts", f"use a regular expression ({error})")
    if integration.homepage:
        yield from _problems(checks.check_url, **{"Integration.homepage": integration.homepage})
    if integration.logo and (message := check_logo(integration.logo)):
        yield Problem("Integration.logo", message)


def form_problems(form: InstallForm) -> Iterator[Problem]:
    """Yield why the install page could not show a form."""
    if len(form.fields) > _MAX_FIELDS:
        yield Problem("install_form", f"use at most {_MAX_FIELDS} fields")
    for name, field in form.fields.items():
        yield from _field_problems(name, field, form.attributes[name])
        rows = rows_of(field)
        for cell_name, cell in (rows or {}).items():
            yield from _field_problems(f"{name}.{cell_name}", cell, str(cell.name), in_row=True)


def _field_problems(
    name: str, field: Field[Any], attribute: str, *, in_row: bool = False
) -> Iterator[Problem]:
    key = name.rpartition(".")[2]
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", attribute):
        yield Problem(
            "install_form", f"rename the field {attribute!r}: use lowercase letters, digits and _"
        )
    elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,49}", key):
        yield Problem(
            "install_form",
            f"change the data_key {key!r} of the field {attribute}: use letters, digits, _ and -",
        )
    if not _is_supported(field, in_row=in_row):
        yield Problem(
            "install_form",
            f"the field {name} is a {type(field).__name__}, which the page cannot show; use one of "
            + SUPPORTED_FIELDS,
        )
    for text_key, limit in _FORM_TEXTS.items():
        text = field.metadata.get(text_key, "")
        if type(text) is not str:
            yield Problem("install_form", f"{text_key} of the field {name} must be a string")
        elif len(text) > limit or not is_encodable(text):
            yield Problem(
                "install_form",
                f"{text_key} of the field {name}: use at most {limit} characters of valid Unicode",
            )
    choices = field.metadata.get("choices") or {}
    if problem := text_problem(choices) or ("use at most 1000" * (len(choices) > _MAX_CHOICES)):
        yield Problem("install_form", f"choices of the field {name}: {problem}")
    if (usual := field.metadata.get("usual")) is not None and not _is_pattern(usual):
        yield Problem("install_form", f"usual of the field {name} must be a regular expression")


def _is_supported(field: Field[Any], *, in_row: bool) -> bool:
    if isinstance(field, List):
        inner = field.inner
        if isinstance(inner, Nested):
            return not in_row and not inner.many
        return _is_supported(inner, in_row=True) and not isinstance(inner, List | Boolean)
    return isinstance(field, String | Boolean | Number | Enum)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_pattern(usual: Any) -> bool:
    try:
        re.compile(usual)
    except Exception:  # any type but a text
        return False
    return isinstance(usual, str)


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


def guide_problems(guide: str, form: InstallForm) -> Iterator[Problem]:
    """Yield what is wrong with a guide that may show fields of the form."""
    if len(guide) > _MAX_GUIDE:
        yield Problem("installation_guide", f"use at most {_MAX_GUIDE} characters")
        return
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
