"""Rules that say whether the vendor will accept an answer, judged before anybody signs in.

::

    AcceptanceRule(
        id="one-certificate",
        sentence="Certificate within 2,500 characters",
        check=acceptance.certificate_within(2500),
        fix="Ask for a key with a shorter certificate.",
        place="metadata",
    )

The functions below make the checks that vendors need most; any pure function of a
:class:`Candidate` will do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ssoko.plugin.checks import is_loopback
from ssoko.plugin.typecheck import Checked
from ssoko.plugin.values import SamlAttribute

#: RFC 5322 addr-spec without the forms that no vendor takes: quotes, comments, literals.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_STRONG = re.compile(r"#(rsa|ecdsa)-sha(256|384|512)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Checked):
    """The answer that one person would get, and what the vendor was given to judge it by.

    :param entity_id: of the service provider, the assertion's Audience.
    :param acs_url: where the answer of a sign-in from the tile goes.
    :param name_id: empty when the person has no value for it.
    :param attributes: with the URIs of their name formats, as they would be sent.
    :param assertions: how many there are in the answer.
    :param signature_algorithm: URI, such as the one that ends in ``#rsa-sha256``.
    :param certificate: PEM, with which the vendor checks signatures.
    :param metadata_size: characters of our metadata.
    :param name_id_formats: URIs that our metadata list, in their order.
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
    """One thing that the vendor demands of an answer.

    :param id: small letters, digits and hyphens; once in a plugin.
    :param sentence: what has to be so, without a full stop: ``NameID is an e-mail address``.
    :param check: pure; true when the answer keeps the rule, false when it breaks it, None when
        only the vendor can know.
    :param fix: what to do when it is broken, or how to find out when only the vendor knows.
    :param place: the page of the application where that is done.
    """

    id: str
    sentence: str
    check: Callable[[Candidate], Any]
    fix: str = ""
    place: Literal["", "saml", "mappers", "metadata", "settings", "access", "person"] = ""


def only_the_vendor_knows(candidate: Candidate) -> None:
    """Leave the answer open."""


def name_id_format_is(*formats: str) -> Check:
    """Ask for one of these formats, both in the answer and in our metadata."""
    return lambda c: c.name_id_format in formats and c.name_id_format in c.name_id_formats


def name_id_is_email(candidate: Candidate) -> bool:
    """Ask for the shape of an e-mail address."""
    return bool(_ADDRESS.fullmatch(candidate.name_id)) and ".." not in candidate.name_id


def name_id_within(characters: int) -> Check:
    """Ask for a NameID that is there and no longer than this."""
    return lambda c: 0 < len(c.name_id) <= characters


def certificate_within(characters: int) -> Check:
    """Ask for a certificate whose PEM is no longer than this."""
    return lambda c: len(c.certificate) <= characters


def metadata_within(characters: int) -> Check:
    """Ask for metadata that are no longer than this."""
    return lambda c: c.metadata_size <= characters


def one_signed_assertion(candidate: Candidate) -> bool:
    """Ask for exactly one assertion, with a signature of its own, SHA-256 or better."""
    strong = bool(_STRONG.search(candidate.signature_algorithm))
    return candidate.assertions == 1 and candidate.sign_assertion and strong


def not_encrypted(candidate: Candidate) -> bool:
    """Ask for an assertion in clear."""
    return not candidate.encrypted


def requests_need_no_signature(candidate: Candidate) -> bool:
    """Ask that unsigned requests are taken."""
    return not candidate.require_signed_requests


def acs_is_https(candidate: Candidate) -> bool:
    """Ask for an ACS URL with https; plain http counts on this machine alone."""
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
]
