"""What has to be so for every sign-in, whoever the vendor is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ssoko.errors import AccessRefused
from ssoko.plugin.checks import is_loopback
from ssoko.services.candidates import query
from ssoko.services.context import Services
from ssoko.services.keys import describe
from ssoko.services.mappings import duplicates
from ssoko.services.rehearsal import Rehearsal
from ssoko.services.saml_settings import warnings

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
    twice = duplicates(rehearsal.application.mappings)
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
