"""Check this connection: would the vendor accept the SAML response that a user would get?

:data:`GENERAL_RULES` apply to every application; their texts are in ``catalog.toml``. The plugin
adds acceptance rules of its vendor.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from ssoko.errors import AccessRefused, PluginError
from ssoko.plugin import AcceptanceRule, SamlAttribute
from ssoko.plugin.acceptance import Candidate
from ssoko.plugin.checks import is_loopback
from ssoko.plugin.host.containment import ends_the_process
from ssoko.plugin.host.texts import plain
from ssoko.saml import names
from ssoko.saml.xml import parse_xml
from ssoko.services.applications.mappers import duplicates
from ssoko.services.applications.overrides import warnings
from ssoko.services.context import Scope, Services
from ssoko.services.issuers import issuers
from ssoko.services.issuers.keys import describe
from ssoko.services.sso import sign_in_context
from ssoko.services.troubleshooting.catalog import CATALOG
from ssoko.services.troubleshooting.explanations import explanation_of
from ssoko.services.troubleshooting.preview import Preview, preview_sign_in
from ssoko.store.sql import query

State = Literal["pass", "check", "fail"]
#: The page where a problem is fixed.
Place = Literal["", "saml", "mappers", "metadata", "settings", "access", "person"]

DAY = 86_400
#: A certificate that expires within this time is reported.
SOON = 90 * DAY
#: Characters; SAML core, section 8.3.7, for persistent NameIDs. Few SPs store more of any kind.
MAX_NAME_ID = 256
MAX_VALUE = 4096
#: Seconds that the last event can be ahead of this server's clock.
MAX_AHEAD = 120

_SEVERITY = {"fail": 0, "check": 1, "pass": 2}
_TEXTS = CATALOG["checks"]
_LAST_EVENT = "SELECT at FROM event WHERE workspace_id = ? ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one rule.

    :param state: ``check`` when an admin must look at it, or only the vendor can know.
    :param sentence: what is right, or what is wrong, without a full stop.
    :param fix: what to do; empty when the rule passes.
    """

    id: str
    state: State
    sentence: str
    fix: str = ""
    place: Place = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of all rules for one user.

    :param general: the rules of every application; ``vendor`` are those of the plugin.
    """

    preview: Preview
    general: tuple[Finding, ...]
    vendor: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, failed ones first."""
        return tuple(sorted(self.general + self.vendor, key=lambda f: _SEVERITY[f.state]))

    @property
    def outcome(self) -> State:
        """The worst state of all findings."""
        return self.findings[0].state if self.findings else "pass"


def check(scope: Scope, app_id: str, *, user_id: str) -> Report:
    """Check the response that a user would get now; nothing is written or sent.

    :raises NotFound: when the application or the user is not in the workspace.
    """
    preview = preview_sign_in(scope, app_id, user_id=user_id)
    subject = Subject(preview, workspace_id=scope.workspace_id, now=scope.services.clock())
    return Report(
        preview=preview,
        general=tuple(finding for rule in GENERAL_RULES for finding in rule(subject)),
        vendor=tuple(_vendor_findings(scope.services, preview)),
    )


# General rules


@dataclass(frozen=True, slots=True)
class Subject:
    """What the general rules check; *now* is in epoch seconds."""

    preview: Preview
    workspace_id: str
    now: int


def _finding(rule: str, state: State, *, id_: str = "", **values: object) -> Finding:
    """Return a finding with the texts of a rule; *values* fill the placeholders."""
    texts = _TEXTS[rule]
    sentence = texts[state].format_map(values)
    if state == "pass":
        return Finding(id_ or rule, state, sentence)
    return Finding(id_ or rule, state, sentence, texts.get("fix", ""), texts.get("place", ""))


_ACCESS_PLACES: dict[str, Place] = {
    "user-disabled": "person",
    "no-role": "access",
    "role-expired": "access",
}


def _user_has_access(subject: Subject) -> Iterator[Finding]:
    decision = subject.preview.decision
    if decision.allowed:
        yield Finding("access", "pass", decision.sentence.rstrip("."))
        return
    sentence, _, fix = decision.sentence.partition(". ")
    place = _ACCESS_PLACES.get(decision.code, "")
    yield Finding("access", "fail", sentence.rstrip("."), fix, place)


#: Error code of a refusal to the rule with its texts.
_REFUSALS = {
    "attribute-missing": "value-missing",
    "name-id-missing": "value-missing",
    "plugin-refused": "plugin-refused",
    "plugin-failed": "plugin-failed",
    "plugin-missing": "plugin-missing",
}


def _values_can_be_sent(subject: Subject) -> Iterator[Finding]:
    for refusal in subject.preview.refusals:
        yield _refusal(refusal)
    if not subject.preview.refusals:
        yield _finding("values", "pass")


def _refusal(refusal: AccessRefused) -> Finding:
    finding = _finding(
        _REFUSALS.get(refusal.code, "value-unsendable"),
        "fail",
        id_=refusal.code,
        reason=(refusal.source or explanation_of(refusal.code).rule).rstrip("."),
        received=refusal.received,
    )
    return replace(finding, fix=explanation_of(refusal.code).fix or refusal.fix)


def _values_have_usual_sizes(subject: Subject) -> Iterator[Finding]:
    name_id = subject.preview.name_id
    if name_id and len(name_id.value) > MAX_NAME_ID:
        yield _finding("name-id-size", "check", length=len(name_id.value), limit=MAX_NAME_ID)
    for attribute in subject.preview.attributes:
        length = max(map(len, attribute.values))
        if length > MAX_VALUE:
            yield _finding("value-size", "check", name=attribute.name, length=length)


def _mappers_have_unique_names(subject: Subject) -> Iterator[Finding]:
    repeated = duplicates(subject.preview.application.mappers)
    if repeated:
        yield _finding("duplicates", "check", names=", ".join(repeated))


def _acs_urls_use_https(subject: Subject) -> Iterator[Finding]:
    urls = subject.preview.application.service_provider.acs_urls
    plain = [url for url in urls if not url.startswith("https://")]
    for url in plain:
        if not is_loopback(urlsplit(url).hostname or ""):
            yield _finding("acs", "fail", url=url)
            return
    yield _finding("acs-loopback" if plain else "acs", "pass", id_="acs")


def _requests_are_answered(subject: Subject) -> Iterator[Finding]:
    sp = subject.preview.application.service_provider
    kind = names.standard_name_id_format(sp.name_id_format)
    if kind == names.NAMEID_UNSPECIFIED:
        yield _finding("name-id-requests-open", "pass", id_="name-id-requests")
    else:
        name = kind.rpartition(":")[2]
        yield _finding("name-id-requests", "pass", format=name)
    if sp.require_signed_requests:
        yield _finding("signed-requests", "pass")


def _certificates_are_current(subject: Subject) -> Iterator[Finding]:
    application, now = subject.preview.application, subject.now
    yield _expiry("certificate", application.issuer.certificate_not_after, now)
    sp = application.service_provider
    for number, pem in enumerate(dict.fromkeys(sp.certificates + sp.encryption_certificates), 1):
        id_ = f"vendor-certificate-{number}"
        yield _expiry("vendor-certificate", describe(pem).not_after, now, id_=id_, number=number)


def _expiry(rule: str, not_after: int, now: int, *, id_: str = "", number: int = 0) -> Finding:
    if not_after <= now:
        return _finding(rule, "fail", id_=id_, number=number)
    if not_after - now < SOON:
        count = (not_after - now) // DAY
        days = "1 day" if count == 1 else f"{count} days"
        return _finding(rule, "check", id_=id_, number=number, days=days)
    date = datetime.fromtimestamp(not_after, UTC)
    return _finding(rule, "pass", id_=id_, number=number, day=f"{date.day} {date:%b %Y}")


def _encryption_is_strong(subject: Subject) -> Iterator[Finding]:
    for warning in warnings(subject.preview.application.service_provider):
        yield replace(_finding("encryption", "check"), fix=warning.message)


def _clock_is_right(subject: Subject) -> Iterator[Finding]:
    rows = query(_LAST_EVENT, (subject.workspace_id,))
    ahead = rows[0][0] - subject.now if rows else 0
    if ahead > MAX_AHEAD:
        yield _finding("clock", "fail", minutes=ahead // 60)
    else:
        yield _finding("clock", "pass")


#: In the order in which pages list their findings.
GENERAL_RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    _user_has_access,
    _values_can_be_sent,
    _values_have_usual_sizes,
    _mappers_have_unique_names,
    _acs_urls_use_https,
    _requests_are_answered,
    _certificates_are_current,
    _encryption_is_strong,
    _clock_is_right,
)


# The plugin's acceptance rules


def _vendor_findings(services: Services, preview: Preview) -> Iterator[Finding]:
    integration = preview.application.integration
    if services.registry.get(integration) is None:
        return
    try:
        rules: Sequence[AcceptanceRule] = services.registry.call(integration, "acceptance_rules")
    except PluginError as error:
        yield replace(_finding("plugin", "check"), fix=str(error))
        return
    if rules:
        response = _response_facts(services, preview)
        yield from (_evaluate(rule, response) for rule in rules)


def _evaluate(rule: AcceptanceRule, response: Candidate) -> Finding:
    try:
        verdict = rule.check(response)
        verdict = verdict if verdict is None else bool(verdict)
    except BaseException as error:  # a rule is the plugin's code and can raise anything
        if ends_the_process(error):
            raise
        fix = _TEXTS["plugin-rule"]["fix"].format(exception=plain(type(error).__name__, 100))
        return Finding(rule.id, "check", rule.sentence, fix)
    if verdict is None:
        return Finding(rule.id, "check", rule.sentence, rule.fix, rule.place)
    if verdict:
        return Finding(rule.id, "pass", rule.sentence)
    return Finding(rule.id, "fail", rule.sentence, rule.fix, rule.place)


def _response_facts(services: Services, preview: Preview) -> Candidate:
    """Return what the plugin's rules check: the response and the metadata of its issuer."""
    sp, issuer = preview.application.service_provider, preview.application.issuer
    metadata = issuers.issuer_metadata(services, issuer.id)[0]
    formats = parse_xml(metadata).iter(f"{{{names.NS_MD}}}NameIDFormat")
    key = sign_in_context.signing_key(services, preview.context.signing_key_id)
    return Candidate(
        entity_id=sp.entity_id,
        acs_url=sp.acs_urls[0],
        name_id=preview.name_id.value if preview.name_id else "",
        name_id_format=str(sp.name_id_format),
        attributes=tuple(
            SamlAttribute(
                name=attribute.name,
                values=attribute.values,
                name_format=attribute.name_format or "",
                friendly_name=attribute.friendly_name or "",
            )
            for attribute in preview.attributes
        ),
        sign_response=sp.sign_response,
        sign_assertion=sp.sign_assertion,
        encrypted=sp.encrypt_assertions,
        require_signed_requests=sp.require_signed_requests,
        signature_algorithm=key.algorithm,
        certificate=issuer.certificate,
        metadata_size=len(metadata.decode()),
        name_id_formats=tuple(str(element.text) for element in formats),
        lifetime=sp.lifetime,
        session_lifetime=sp.session_lifetime,
        relay_state=sp.relay_state,
    )
