"""Check this connection for a person: would the vendor accept the answer that they would get?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ssoko.errors import AccessRefused, PluginError
from ssoko.plugin import AcceptanceRule, SamlAttribute
from ssoko.plugin.acceptance import Candidate
from ssoko.plugin.checks import is_loopback
from ssoko.saml import names
from ssoko.saml.xml import parse_xml
from ssoko.services.applications.mappers import duplicates
from ssoko.services.applications.overrides import warnings
from ssoko.services.context import Services
from ssoko.services.issuers import issuers
from ssoko.services.issuers.keys import describe
from ssoko.services.sso import sign_in_context
from ssoko.services.troubleshooting.preview import Rehearsal, rehearse
from ssoko.store.sql import query

State = Literal["pass", "check", "fail"]
#: The page where something is mended.
Place = Literal["", "saml", "mappers", "metadata", "settings", "access", "person"]

DAY = 86_400
#: A certificate that ends sooner is worth a look.
SOON = 90 * DAY
#: SAML core, section 8.3.7, for persistent ones; databases of SPs seldom hold more.
MAX_NAME_ID = 256
MAX_VALUE = 4096
#: Seconds that the last event may lie ahead of this server's clock.
MAX_AHEAD = 120

_NEWEST = "SELECT at FROM event WHERE workspace_id = ? ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says.

    :param state: ``check`` when somebody has to look, or only the vendor can know.
    :param sentence: what has to be so, or what is wrong, without a full stop.
    :param fix: what to do; empty when it passes.
    """

    id: str
    state: State
    sentence: str
    fix: str = ""
    place: Place = ""


def general(services: Services, workspace_id: str, rehearsal: Rehearsal) -> Iterator[Finding]:
    """Judge what is the same for all vendors."""
    now = services.clock()
    yield _access(rehearsal)
    yield from map(_refusal, rehearsal.refusals)
    if not rehearsal.refusals:
        yield Finding("values", "pass", "NameID and every required attribute have a value")
    yield from _sizes(rehearsal)
    yield from _duplicates(rehearsal)
    yield _acs(rehearsal)
    yield from _certificates(rehearsal, now)
    yield from (
        Finding("encryption", "check", "Encryption method", fix=one.message, place="saml")
        for one in warnings(rehearsal.application.service_provider)
    )
    yield _clock(workspace_id, now)


_ACCESS_PLACES: dict[str, Place] = {
    "user-disabled": "person",
    "no-role": "access",
    "role-expired": "access",
}


def _access(rehearsal: Rehearsal) -> Finding:
    decision = rehearsal.decision
    if decision.allowed:
        return Finding("access", "pass", decision.sentence.rstrip("."))
    sentence, _, fix = decision.sentence.partition(". ")
    place = _ACCESS_PLACES.get(decision.code, "")
    return Finding("access", "fail", sentence.rstrip("."), fix=fix, place=place)


def _refusal(refusal: AccessRefused) -> Finding:
    place: Place = "person"
    if refusal.code in {"attribute-missing", "name-id-missing"}:
        sentence = f"{refusal.rule.rstrip('.')}; this person has {refusal.got}"
    elif refusal.code == "plugin-refused":
        sentence, place = refusal.got, "access"
    elif refusal.code == "plugin-failed":
        sentence, place = "The plugin could not prepare its attributes", ""
    else:
        sentence = "A value has characters that cannot be sent"
    return Finding(refusal.code, "fail", sentence, fix=refusal.fix, place=place)


def _sizes(rehearsal: Rehearsal) -> Iterator[Finding]:
    name_id = rehearsal.name_id.value if rehearsal.name_id else ""
    if len(name_id) > MAX_NAME_ID:
        yield Finding(
            "name-id-size",
            "check",
            f"NameID has {len(name_id)} characters, and {MAX_NAME_ID} is what most vendors keep",
            fix="Take the NameID from a shorter value.",
            place="saml",
        )
    for attribute in rehearsal.attributes:
        longest = max(map(len, attribute.values))
        if longest > MAX_VALUE:
            yield Finding(
                "value-size",
                "check",
                f"A value of {attribute.name} has {longest} characters, which is a lot",
                fix="Send less: the change only:<pattern> keeps the values that are needed.",
                place="mappers",
            )


def _duplicates(rehearsal: Rehearsal) -> Iterator[Finding]:
    twice = duplicates(rehearsal.application.mappers)
    if twice:
        yield Finding(
            "duplicates",
            "check",
            f"More than one mapper gives {', '.join(twice)}; their values go out as one attribute",
            fix="Keep one of them, unless the vendor wants all the values.",
            place="mappers",
        )


def _acs(rehearsal: Rehearsal) -> Finding:
    wrong = [
        url
        for url in rehearsal.application.service_provider.acs_urls
        if not url.startswith("https://")
        and not is_loopback(url.partition("://")[2].partition("/")[0].rpartition(":")[0])
    ]
    if wrong:
        fix = "Take the https address of the vendor; answers name people."
        return Finding("acs", "fail", f"{wrong[0]} is not https", fix=fix, place="settings")
    return Finding("acs", "pass", "Answers go to https addresses alone")


def _certificates(rehearsal: Rehearsal, now: int) -> Iterator[Finding]:
    application = rehearsal.application
    yield _expiry(
        "certificate",
        "Our certificate",
        application.issuer.certificate_not_after,
        now,
        fix="Make the next key, and give its certificate to the vendor before this one ends.",
        place="metadata",
    )
    sp = application.service_provider
    for number, pem in enumerate(dict.fromkeys(sp.certificates + sp.encryption_certificates), 1):
        yield _expiry(
            f"vendor-certificate-{number}",
            f"Certificate {number} of the vendor",
            describe(pem).not_after,
            now,
            fix="Ask the vendor for its new certificate, and add it.",
            place="saml",
        )


def _expiry(id_: str, what: str, ends: int, now: int, *, fix: str, place: Place) -> Finding:
    days = (ends - now) // DAY
    if ends <= now:
        return Finding(id_, "fail", f"{what} has expired", fix=fix, place=place)
    if ends - now < SOON:
        soon = f"{what} ends in {days} {'day' if days == 1 else 'days'}"
        return Finding(id_, "check", soon, fix=fix, place=place)
    return Finding(id_, "pass", f"{what} is good for {days} days more")


def _clock(workspace_id: str, now: int) -> Finding:
    rows = query(_NEWEST, (workspace_id,))
    ahead = rows[0][0] - now if rows else 0
    if ahead > MAX_AHEAD:
        fix = "Set the clock of this server by NTP; vendors refuse answers from another time."
        behind = f"The clock of this server is {ahead // 60} minutes behind the last event"
        return Finding("clock", "fail", behind, fix=fix)
    return Finding("clock", "pass", "The clock of this server goes on from the last event")


Outcome = Literal["pass", "check", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found about one person's sign-in.

    :param vendor: the rules that the plugin brings; ``general`` are those of every application.
    """

    rehearsal: Rehearsal
    general: tuple[Finding, ...]
    vendor: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, what fails first."""
        order = {"fail": 0, "check": 1, "pass": 2}
        return tuple(sorted(self.general + self.vendor, key=lambda one: order[one.state]))

    @property
    def outcome(self) -> Outcome:
        """The worst of them: ``check`` when somebody has to look at something."""
        return self.findings[0].state if self.findings else "pass"


def check(services: Services, workspace_id: str, app_id: str, *, user_id: str) -> Report:
    """Judge the answer that a user would get now; nothing is written or sent.

    :raises NotFound: when the application or the user is not in the workspace.
    """
    rehearsal = rehearse(services, workspace_id, app_id, user_id=user_id)
    return Report(
        rehearsal=rehearsal,
        general=tuple(general(services, workspace_id, rehearsal)),
        vendor=_by_vendor(services, rehearsal),
    )


def _by_vendor(services: Services, rehearsal: Rehearsal) -> tuple[Finding, ...]:
    integration = rehearsal.application.integration
    if services.registry.get(integration) is None:
        return ()
    try:
        rules: Sequence[AcceptanceRule] = services.registry.call(integration, "acceptance_rules")
    except PluginError as error:
        said = "The plugin's own rules could not be read"
        return (Finding("plugin", "check", said, fix=str(error)),)
    if not rules:
        return ()
    candidate = _candidate(services, rehearsal)
    return tuple(_judge(rule, candidate) for rule in rules)


def _judge(rule: AcceptanceRule, candidate: Candidate) -> Finding:
    place: Place = rule.place
    try:
        verdict = rule.check(candidate)
    except Exception as error:  # a rule is a plugin's code, and may raise whatever it likes
        fix = f"The plugin's rule raised {type(error).__name__}; tell its publisher."
        return Finding(rule.id, "check", rule.sentence, fix=fix)
    if verdict is None:
        return Finding(rule.id, "check", rule.sentence, fix=rule.fix, place=place)
    if verdict:
        return Finding(rule.id, "pass", rule.sentence)
    return Finding(rule.id, "fail", rule.sentence, fix=rule.fix, place=place)


def _candidate(services: Services, rehearsal: Rehearsal) -> Candidate:
    sp, issuer = rehearsal.application.service_provider, rehearsal.application.issuer
    metadata = issuers.issuer_metadata(services, issuer.id)[0]
    formats = parse_xml(metadata).iter(f"{{{names.NS_MD}}}NameIDFormat")
    key = sign_in_context.signing_key(services, rehearsal.candidate.signing_key_id)
    return Candidate(
        entity_id=sp.entity_id,
        acs_url=sp.acs_urls[0],
        name_id=rehearsal.name_id.value if rehearsal.name_id else "",
        name_id_format=str(sp.name_id_format),
        attributes=tuple(
            SamlAttribute(
                name=one.name,
                values=one.values,
                name_format=one.name_format or "",
                friendly_name=one.friendly_name or "",
            )
            for one in rehearsal.attributes
        ),
        sign_response=sp.sign_response,
        sign_assertion=sp.sign_assertion,
        encrypted=sp.encrypt_assertions,
        require_signed_requests=sp.require_signed_requests,
        signature_algorithm=key.algorithm,
        certificate=issuer.certificate,
        metadata_size=len(metadata.decode()),
        name_id_formats=tuple(str(one.text) for one in formats),
        lifetime=sp.lifetime,
        session_lifetime=sp.session_lifetime,
        relay_state=sp.relay_state,
    )
