"""Acceptance rules: what a vendor requires of a SAML response.

Ssoko checks them before a user signs in, on the page Check this connection::

    @hookimpl
    def acceptance_rules() -> tuple[AcceptanceRule, ...]:
        return acceptance.usual(NameIdFormat.EMAIL, no_encryption="Zoom cannot decrypt it")

:func:`usual` returns the rules that most vendors have. For others write an
:class:`AcceptanceRule`, with one of the checks below or any pure function of a :class:`Candidate`::

    AcceptanceRule(
        id="certificate-size",
        sentence="Certificate within 2,500 characters",
        check=acceptance.certificate_within(2500),
        fix="Create a new certificate with RSA 2048.",
        place="metadata",
    )
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ssoko.plugin.checks import is_loopback
from ssoko.plugin.typecheck import Checked
from ssoko.plugin.values import NameIdFormat, SamlAttribute

#: RFC 5322 addr-spec without the forms that vendors refuse: quotes, comments, literals.
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_STRONG = re.compile(r"#(rsa|ecdsa)-sha(256|384|512)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Checked):
    """The SAML response that one user would get, and the metadata that the vendor has.

    :param entity_id: of the service provider, the assertion's Audience.
    :param acs_url: ACS URL of an IdP-initiated sign-in.
    :param name_id: empty when the user has no value for it.
    :param attributes: as they would be sent, with the URIs of their name formats.
    :param assertions: number of assertions in the response.
    :param signature_algorithm: URI, such as the one that ends in ``#rsa-sha256``.
    :param certificate: signing certificate in PEM.
    :param metadata_size: number of characters of the IdP metadata.
    :param name_id_formats: URIs in the IdP metadata, in their order.
    :param lifetime: seconds, as ``session_lifetime``.
    """

    entity_id: str
    acs_url: str
    name_id: str
    name_id_format: str
    attributes: tuple[SamlAttribute, ...] = ()
    assertions: int = 1
    sign_response: bool = True
    sign_assertion: bool = True
    encrypted: bool = False
    require_signed_requests: bool = False
    signature_algorithm: str
    certificate: str
    metadata_size: int
    name_id_formats: tuple[str, ...]
    lifetime: int = 300
    session_lifetime: int = 0
    relay_state: str = ""


Check = Callable[[Candidate], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRule(Checked):
    """One requirement of a vendor.

    :param id: lowercase letters, digits and hyphens; unique in a plugin.
    :param sentence: the requirement, without a full stop: ``NameID is an email address``.
    :param check: pure; returns True when the response meets the requirement, False when it does
        not, and None when only the vendor can know.
    :param fix: what to do when it is not met, or how to find out when only the vendor knows.
    :param place: the page of the application where that is done.
    """

    id: str
    sentence: str
    check: Callable[[Candidate], Any]
    fix: str = ""
    place: Literal["", "saml", "mappers", "metadata", "settings", "access", "person"] = ""


def usual(
    *name_id_formats: NameIdFormat,
    name_id_format_fix: str = "Set the NameID format back to the one that the plugin proposes.",
    no_encryption: str = "",
    no_signed_requests: str = "",
    acs_https: bool = False,
) -> tuple[AcceptanceRule, ...]:
    """Return the usual rules: the NameID format, and one signed assertion with SHA-256.

    With the format emailAddress alone, the NameID must be an email address too.

    :param name_id_formats: the formats that the vendor accepts.
    :param no_encryption: why assertions must not be encrypted, without a full stop; adds the rule.
    :param no_signed_requests: why signed requests must not be required, without a full stop; adds
        the rule.
    :param acs_https: add the rule that the ACS URL uses https.
    """
    names = " or ".join(name_id_format.rpartition(":")[2] for name_id_format in name_id_formats)
    rules = (
        AcceptanceRule(
            id="name-id-format",
            sentence=f"NameID has the format {names}",
            check=name_id_format_is(*name_id_formats),
            fix=name_id_format_fix,
            place="saml",
        ),
        name_id_formats == (NameIdFormat.EMAIL,)
        and AcceptanceRule(
            id="name-id-email",
            sentence="NameID is an email address",
            check=name_id_is_email,
            fix="Enter the user's email address, or choose another NameID source.",
            place="person",
        ),
        AcceptanceRule(
            id="one-assertion",
            sentence="One signed assertion, SHA-256",
            check=one_signed_assertion,
            fix="Turn on Sign the assertion.",
            place="saml",
        ),
        no_encryption
        and AcceptanceRule(
            id="not-encrypted",
            sentence="Assertion is not encrypted",
            check=not_encrypted,
            fix=f"{no_encryption}. Turn off encryption.",
            place="saml",
        ),
        no_signed_requests
        and AcceptanceRule(
            id="unsigned-requests",
            sentence="Requests need no signature",
            check=requests_need_no_signature,
            fix=f"{no_signed_requests}. Turn off Require signed requests.",
            place="saml",
        ),
        acs_https
        and AcceptanceRule(
            id="acs-https",
            sentence="ACS URL starts with https",
            check=acs_is_https,
            fix="Copy the ACS URL from the vendor again.",
            place="settings",
        ),
    )
    return tuple(rule for rule in rules if isinstance(rule, AcceptanceRule))


def vendor_knows(sentence: str, fix: str, *, id: str = "known-there") -> AcceptanceRule:
    """Return a rule that only the vendor can check.

    :param fix: how an admin can find out.
    """
    return AcceptanceRule(
        id=id,
        sentence=f"{sentence}: only the vendor knows",
        check=only_the_vendor_knows,
        fix=fix,
    )


def only_the_vendor_knows(candidate: Candidate) -> None:
    """Return None: unknown."""


def name_id_format_is(*formats: str) -> Check:
    """Require one of these formats, in the response and in the IdP metadata."""
    return lambda c: c.name_id_format in formats and c.name_id_format in c.name_id_formats


def name_id_is_email(candidate: Candidate) -> bool:
    """Require an email address."""
    return bool(_EMAIL.fullmatch(candidate.name_id)) and ".." not in candidate.name_id


def name_id_within(characters: int) -> Check:
    """Require a NameID of one to this many characters."""
    return lambda c: 0 < len(c.name_id) <= characters


def certificate_within(characters: int) -> Check:
    """Require a certificate with at most this many characters of PEM."""
    return lambda c: len(c.certificate) <= characters


def metadata_within(characters: int) -> Check:
    """Require IdP metadata of at most this many characters."""
    return lambda c: c.metadata_size <= characters


def one_signed_assertion(candidate: Candidate) -> bool:
    """Require exactly one assertion with its own signature, SHA-256 or better."""
    strong = bool(_STRONG.search(candidate.signature_algorithm))
    return candidate.assertions == 1 and candidate.sign_assertion and strong


def not_encrypted(candidate: Candidate) -> bool:
    """Require an assertion in clear text."""
    return not candidate.encrypted


def requests_need_no_signature(candidate: Candidate) -> bool:
    """Require that unsigned requests are accepted."""
    return not candidate.require_signed_requests


def acs_is_https(candidate: Candidate) -> bool:
    """Require an ACS URL with https; http is accepted for this machine only."""
    scheme, _, rest = candidate.acs_url.partition("://")
    host = re.split(r"[/:?]", rest, maxsplit=1)[0].lower()
    return scheme == "https" or (scheme == "http" and is_loopback(host))


__all__ = [
    "AcceptanceRule",
    "Candidate",
    "acs_is_https",
    "certificate_within",
    "metadata_within",
    "name_id_format_is",
    "name_id_is_email",
    "name_id_within",
    "not_encrypted",
    "one_signed_assertion",
    "only_the_vendor_knows",
    "requests_need_no_signature",
    "usual",
    "vendor_knows",
]
