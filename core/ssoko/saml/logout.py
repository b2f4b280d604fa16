"""Build, parse and check logout messages (SAML core, section 3.7; profiles, section 4.4).

=================================  ===============================================================
part of a LogoutRequest            how it is handled
=================================  ===============================================================
ID, Version, IssueInstant          required; Version is 2.0, IssueInstant is recent
Destination                        required, since the request is signed; equals the endpoint
NotOnOrAfter                       in the future
Issuer, NameID                     required; EncryptedID and BaseID are refused
SessionIndex                       read, any number of them
Signature                          required on POST; on Redirect the query string is signed
Reason, Consent, Extensions        ignored
=================================  ===============================================================
"""

from dataclasses import dataclass

from lxml import etree

from ssoko.saml import names
from ssoko.saml.envelope import (
    attribute_of,
    check_destination,
    check_freshness,
    check_root,
    read_parts,
    require_no_faults,
    required_id,
    required_issuer,
)
from ssoko.saml.refusals import message_refused, request_refused
from ssoko.saml.response import NameId, write_name_id, write_status
from ssoko.saml.signing import SigningKey, sign_written
from ssoko.saml.writer import CanonicalWriter
from ssoko.saml.xml import instant, parse_instant, parse_xml, text_of

_SAML = f"{{{names.NS_SAML}}}"
_SAMLP = f"{{{names.NS_SAMLP}}}"
_DS_SIGNATURE = f"{{{names.NS_DS}}}Signature"
_ATTRIBUTES = ("ID", "Version", "IssueInstant", "Destination", "InResponseTo", "NotOnOrAfter")
_COMMON = frozenset({f"{_SAML}Issuer", _DS_SIGNATURE, f"{_SAMLP}Extensions"})
_IDENTIFIERS = frozenset(f"{_SAML}{name}" for name in ("NameID", "BaseID", "EncryptedID"))
_OF_REQUEST = _COMMON | _IDENTIFIERS
_OF_RESPONSE = _COMMON | {f"{_SAMLP}Status"}


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request to sign a user out; without *session_indexes*, of all sessions."""

    id: str
    issuer: str
    issue_instant: int
    destination: str | None
    name_id: NameId | None
    session_indexes: tuple[str, ...] = ()
    not_on_or_after: int | None = None
    has_signature: bool = False


@dataclass(frozen=True, slots=True)
class LogoutResponse:
    """The response to a LogoutRequest; *statuses* are the top-level code and its subcodes."""

    id: str
    issuer: str
    issue_instant: int
    destination: str | None
    in_response_to: str | None
    statuses: tuple[str, ...]
    has_signature: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the sender ended all sessions of the user."""
        return self.statuses == (names.STATUS_SUCCESS,)


def parse_logout_request(xml: bytes) -> tuple[LogoutRequest, etree._Element]:
    """Parse and validate *xml*; return the request, and the root element for ``verify``.

    :raises MessageRefused: when it is malformed or not a SAML 2.0 LogoutRequest.
    """
    root = parse_xml(xml)
    check_root(root, "LogoutRequest")
    parts = read_parts(root, _OF_REQUEST, attributes=_ATTRIBUTES, repeated=f"{_SAMLP}SessionIndex")
    identifiers = _IDENTIFIERS.intersection(parts.children)
    if len(identifiers) != 1:
        parts.faults.append(f"{len(identifiers)} identifiers of a user")
    require_no_faults(parts)
    name_id, end = parts.get(f"{_SAML}NameID"), attribute_of(root, "NotOnOrAfter")
    request = LogoutRequest(
        id=required_id(root),
        issuer=required_issuer(root),
        issue_instant=parse_instant(root.get("IssueInstant", "")),
        destination=attribute_of(root, "Destination"),
        name_id=None if name_id is None else _read_name_id(name_id),
        session_indexes=tuple(text_of(e) for e in root.iterfind(f"{_SAMLP}SessionIndex")),
        not_on_or_after=parse_instant(end) if end else None,
        has_signature=root.find(_DS_SIGNATURE) is not None,
    )
    return request, root


def parse_logout_response(xml: bytes) -> tuple[LogoutResponse, etree._Element]:
    """Parse and validate *xml*; return the response, and the root element for ``verify``.

    :raises MessageRefused: when it is malformed or not a SAML 2.0 LogoutResponse.
    """
    root = parse_xml(xml)
    check_root(root, "LogoutResponse")
    parts = read_parts(root, _OF_RESPONSE, attributes=_ATTRIBUTES)
    require_no_faults(parts)
    status = parts.get(f"{_SAMLP}Status")
    codes = () if status is None else status.iter(f"{_SAMLP}StatusCode")
    response = LogoutResponse(
        id=required_id(root),
        issuer=required_issuer(root),
        issue_instant=parse_instant(root.get("IssueInstant", "")),
        destination=attribute_of(root, "Destination"),
        in_response_to=attribute_of(root, "InResponseTo"),
        statuses=tuple(code.get("Value", "") for code in codes),
        has_signature=root.find(_DS_SIGNATURE) is not None,
    )
    return response, root


def check_logout_request(
    request: LogoutRequest,
    *,
    now: int,
    destination: str,
    signed: bool = False,
    max_age: int = 300,
    skew: int = 300,
) -> None:
    """Check everything except the signature's value; an unsigned request is refused.

    :param signed: the query string is signed; the request itself knows an enveloped signature.
    :raises MessageRefused: when Ssoko must not act on it or respond to it.
    :raises RequestRefused: when Ssoko responds with a SAML status.
    """
    _check_signed(signed or request.has_signature)
    check_freshness(request.issue_instant, now=now, max_age=max_age, skew=skew)
    check_destination(request.destination, expected=destination, required=True)
    if request.not_on_or_after is not None and now - skew >= request.not_on_or_after:
        raise message_refused(
            "logout-expired",
            "The logout request has expired.",
            received=instant(request.not_on_or_after),
            expected=f"later than {instant(now)}",
            source="SAML core, section 3.7.1",
        )
    if request.name_id is None:
        raise request_refused(
            "logout-name-id",
            "The logout request identifies the user in a way that is not supported.",
            status=names.STATUS_REQUEST_UNSUPPORTED,
            received="no unencrypted NameID",
            expected="an unencrypted NameID",
            source="SAML core, section 3.7.1",
        )


def check_logout_response(
    response: LogoutResponse,
    *,
    now: int,
    destination: str,
    request_id: str,
    signed: bool = False,
    max_age: int = 300,
    skew: int = 300,
) -> None:
    """Check everything except the signature's value.

    :param request_id: ID of the LogoutRequest that Ssoko sent to this SP.
    :raises MessageRefused: when the response must be ignored.
    """
    _check_signed(signed or response.has_signature)
    check_freshness(response.issue_instant, now=now, max_age=max_age, skew=skew)
    check_destination(response.destination, expected=destination, required=True)
    if response.in_response_to != request_id:
        raise message_refused(
            "logout-unsolicited",
            "The logout response does not belong to the request that Ssoko sent.",
            received=response.in_response_to or "",
            expected=request_id,
            source="SAML core, section 3.2.2",
        )


def build_logout_request(
    *,
    request_id: str,
    issuer: str,
    destination: str,
    issue_instant: int,
    name_id: NameId,
    session_indexes: tuple[str, ...] = (),
    not_on_or_after: int | None = None,
    reason: str = names.REASON_USER,
    key: SigningKey | None = None,
) -> bytes:
    """Return a LogoutRequest, with an enveloped signature if there is a *key* (POST).

    On Redirect, ``bindings.encode_redirect`` signs the query string instead.
    """
    writer = CanonicalWriter()
    writer.start(
        "samlp:LogoutRequest",
        ID=request_id,
        Version=names.VERSION,
        IssueInstant=instant(issue_instant),
        Destination=destination,
        NotOnOrAfter=None if not_on_or_after is None else instant(not_on_or_after),
        Reason=reason,
    )
    writer.leaf("saml:Issuer", issuer)
    writer.mark()
    write_name_id(writer, name_id)
    for session_index in session_indexes:
        writer.leaf("samlp:SessionIndex", session_index)
    writer.end()
    return _finish(writer, request_id, key)


def build_logout_response(
    *,
    response_id: str,
    issuer: str,
    destination: str,
    in_response_to: str,
    issue_instant: int,
    status: str = names.STATUS_SUCCESS,
    partial: bool = False,
    responder: bool = True,
    message: str = "",
    key: SigningKey | None = None,
) -> bytes:
    """Return a LogoutResponse, with an enveloped signature if there is a *key* (POST).

    :param partial: the user is signed out of Ssoko but not of every SP: status Success with the
        subcode PartialLogout.
    """
    writer = CanonicalWriter()
    writer.start(
        "samlp:LogoutResponse",
        ID=response_id,
        Version=names.VERSION,
        IssueInstant=instant(issue_instant),
        Destination=destination,
        InResponseTo=in_response_to,
    )
    writer.leaf("saml:Issuer", issuer)
    writer.mark()
    if partial:
        _write_partial(writer)
    else:
        write_status(writer, status, responder=responder, message=message)
    writer.end()
    return _finish(writer, response_id, key)


def _finish(writer: CanonicalWriter, element_id: str, key: SigningKey | None) -> bytes:
    return (sign_written(writer, element_id, key) if key else writer.finish()).encode()


def _write_partial(writer: CanonicalWriter) -> None:
    writer.start("samlp:Status")
    writer.start("samlp:StatusCode", Value=names.STATUS_SUCCESS)
    writer.leaf("samlp:StatusCode", Value=names.STATUS_PARTIAL_LOGOUT)
    writer.end()
    writer.end()


def _check_signed(signed: bool) -> None:
    if not signed:
        raise message_refused(
            "signature-missing",
            "Logout messages must be signed.",
            received="no signature",
            expected="a signature by the service provider",
            source="SAML profiles, section 4.4.3.1",
            fix="Turn on signed logout messages at the service provider.",
        )


def _read_name_id(element: etree._Element) -> NameId:
    return NameId(
        value=text_of(element),
        format=attribute_of(element, "Format") or names.NAMEID_UNSPECIFIED,
        name_qualifier=element.get("NameQualifier"),
        sp_name_qualifier=element.get("SPNameQualifier"),
    )
