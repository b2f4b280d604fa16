"""Build SAML responses: with one assertion, or with an error status.

The content follows SAML profiles, section 4.1.4.2: one bearer subject confirmation without
NotBefore, the SP as the only audience, one authentication statement.
"""

from dataclasses import dataclass

from ssoko.saml import names
from ssoko.saml.encryption import Encryption, encrypted_assertion
from ssoko.saml.signing import SigningKey, sign_written
from ssoko.saml.writer import Canonical, CanonicalWriter
from ssoko.saml.xml import instant


@dataclass(frozen=True, slots=True)
class NameId:
    """The identifier of a user for one SP (SAML core, section 2.2.3)."""

    value: str
    format: str
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute with its values in order (SAML core, section 2.7.3.1)."""

    name: str
    values: tuple[str, ...]
    name_format: str | None = None
    friendly_name: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The content of one response; times are in epoch seconds.

    :param issuer: the IdP's entity ID.
    :param in_response_to: ID of the request; None for an IdP-initiated sign-in.
    :param not_before: start of ``Conditions``; in the past, since the SP's clock may be slow.
    :param not_on_or_after: end of ``Conditions`` and of the subject confirmation.
    :param audience: the SP's entity ID.
    """

    response_id: str
    assertion_id: str
    issuer: str
    acs_url: str
    in_response_to: str | None
    issue_instant: int
    not_before: int
    not_on_or_after: int
    audience: str
    name_id: NameId
    session_index: str
    authn_instant: int
    authn_context: str
    attributes: tuple[Attribute, ...] = ()
    session_not_on_or_after: int | None = None
    sign_response: bool = True
    sign_assertion: bool = True

    def __post_init__(self) -> None:
        if not self.sign_response and not self.sign_assertion:
            raise ValueError("sign the response, the assertion, or both")


def build_response(sign_in: SignIn, key: SigningKey, *, encrypt: Encryption | None = None) -> bytes:
    """Return the Response of a successful sign-in: UTF-8 in exclusive canonical form.

    With *encrypt* the response is always signed, so that no one can replace the ciphertext.

    :raises ValueError: when a value contains a character that XML does not allow.
    """
    assertion = _assertion(sign_in, key if sign_in.sign_assertion else None)
    writer = CanonicalWriter()
    writer.start(
        "samlp:Response",
        ID=sign_in.response_id,
        Version=names.VERSION,
        IssueInstant=instant(sign_in.issue_instant),
        Destination=sign_in.acs_url,
        InResponseTo=sign_in.in_response_to,
    )
    writer.leaf("saml:Issuer", sign_in.issuer)
    writer.mark()
    writer.start("samlp:Status")
    writer.leaf("samlp:StatusCode", Value=names.STATUS_SUCCESS)
    writer.end()
    writer.insert(encrypted_assertion(assertion, encrypt) if encrypt else assertion)
    writer.end()
    if sign_in.sign_response or encrypt:
        return sign_written(writer, sign_in.response_id, key).encode()
    return writer.finish().encode()


def unsigned_assertion(sign_in: SignIn) -> bytes:
    """Return the assertion of *sign_in* without a signature, for a preview.

    :raises ValueError: when a value contains a character that XML does not allow.
    """
    return _assertion(sign_in, None).encode()


def build_status_response(
    *,
    response_id: str,
    issuer: str,
    destination: str,
    in_response_to: str | None,
    issue_instant: int,
    status: str,
    responder: bool = False,
    message: str = "",
) -> bytes:
    """Return a Response with an error status and no assertion.

    It is never signed: attackers could use a signed element without content for signature wrapping.

    :param status: second-level status URI, or a top-level one.
    :param responder: the error is on the side of the IdP, not of the SP.
    :param message: plain text for the SP's log.
    """
    writer = CanonicalWriter()
    writer.start(
        "samlp:Response",
        ID=response_id,
        Version=names.VERSION,
        IssueInstant=instant(issue_instant),
        Destination=destination,
        InResponseTo=in_response_to,
    )
    writer.leaf("saml:Issuer", issuer)
    write_status(writer, status, responder=responder, message=message)
    writer.end()
    return writer.finish().encode()


def write_status(
    writer: CanonicalWriter, status: str, *, responder: bool = False, message: str = ""
) -> None:
    """Write samlp:Status; a second-level *status* gets its top-level code as the parent."""
    writer.start("samlp:Status")
    if status in names.TOP_LEVEL_STATUSES:
        writer.leaf("samlp:StatusCode", Value=status)
    else:
        top = names.STATUS_RESPONDER if responder else names.STATUS_REQUESTER
        writer.start("samlp:StatusCode", Value=top)
        writer.leaf("samlp:StatusCode", Value=status)
        writer.end()
    if message:
        writer.leaf("samlp:StatusMessage", message)
    writer.end()


def write_name_id(writer: CanonicalWriter, name_id: NameId) -> None:
    """Write saml:NameID."""
    writer.leaf(
        "saml:NameID",
        name_id.value,
        Format=name_id.format,
        NameQualifier=name_id.name_qualifier,
        SPNameQualifier=name_id.sp_name_qualifier,
    )


def _assertion(sign_in: SignIn, key: SigningKey | None) -> Canonical:
    writer = CanonicalWriter()
    writer.start(
        "saml:Assertion",
        ID=sign_in.assertion_id,
        Version=names.VERSION,
        IssueInstant=instant(sign_in.issue_instant),
    )
    writer.leaf("saml:Issuer", sign_in.issuer)
    writer.mark()
    _write_subject(writer, sign_in)
    _write_conditions(writer, sign_in)
    _write_authn_statement(writer, sign_in)
    if sign_in.attributes:
        _write_attributes(writer, sign_in.attributes)
    writer.end()
    return sign_written(writer, sign_in.assertion_id, key) if key else writer.finish()


def _write_subject(writer: CanonicalWriter, sign_in: SignIn) -> None:
    writer.start("saml:Subject")
    write_name_id(writer, sign_in.name_id)
    writer.start("saml:SubjectConfirmation", Method=names.CM_BEARER)
    writer.leaf(
        "saml:SubjectConfirmationData",
        InResponseTo=sign_in.in_response_to,
        NotOnOrAfter=instant(sign_in.not_on_or_after),
        Recipient=sign_in.acs_url,
    )
    writer.end()
    writer.end()


def _write_conditions(writer: CanonicalWriter, sign_in: SignIn) -> None:
    writer.start(
        "saml:Conditions",
        NotBefore=instant(sign_in.not_before),
        NotOnOrAfter=instant(sign_in.not_on_or_after),
    )
    writer.start("saml:AudienceRestriction")
    writer.leaf("saml:Audience", sign_in.audience)
    writer.end()
    writer.end()


def _write_authn_statement(writer: CanonicalWriter, sign_in: SignIn) -> None:
    end = sign_in.session_not_on_or_after
    writer.start(
        "saml:AuthnStatement",
        AuthnInstant=instant(sign_in.authn_instant),
        SessionIndex=sign_in.session_index,
        SessionNotOnOrAfter=None if end is None else instant(end),
    )
    writer.start("saml:AuthnContext")
    writer.leaf("saml:AuthnContextClassRef", sign_in.authn_context)
    writer.end()
    writer.end()


def _write_attributes(writer: CanonicalWriter, attributes: tuple[Attribute, ...]) -> None:
    writer.start("saml:AttributeStatement")
    for attribute in attributes:
        writer.start(
            "saml:Attribute",
            Name=attribute.name,
            NameFormat=attribute.name_format,
            FriendlyName=attribute.friendly_name,
        )
        for value in attribute.values:
            writer.leaf("saml:AttributeValue", _with_line_feeds(value))
        writer.end()
    writer.end()


def _with_line_feeds(value: str) -> str:
    """Return *value* with the line ends of XML (section 2.11): several SPs lose a CR."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
