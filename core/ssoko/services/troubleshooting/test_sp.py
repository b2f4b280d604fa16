"""The vendor's side of a sign-in, played by python3-saml: no code of ours judges our answers."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from onelogin.saml2.errors import (  # type: ignore[import-untyped]
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
)
from onelogin.saml2.response import OneLogin_Saml2_Response  # type: ignore[import-untyped]
from onelogin.saml2.settings import OneLogin_Saml2_Settings  # type: ignore[import-untyped]

from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.xml import instant
from ssoko.services.applications.views import ApplicationView
from ssoko.services.sso.saml.sign_in import PostAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the service provider made of an answer.

    :param reason: its own words when it refuses; empty when it accepts.
    :param attributes: pairs of name and values, as it read them.
    """

    accepted: bool
    reason: str = ""
    name_id: str = ""
    name_id_format: str = ""
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def ask(made: ApplicationView, *, request_id: str, now: int) -> Inbound:
    """Return the AuthnRequest with which the vendor begins a sign-in, without a signature."""
    xml = (
        f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
        f'ID="{request_id}" Version="2.0" IssueInstant="{instant(now)}" '
        f"Destination={quoteattr(made.issuer.login_endpoint)}>"
        f"<saml:Issuer>{escape(made.service_provider.entity_id)}</saml:Issuer>"
        "</samlp:AuthnRequest>"
    )
    return Inbound(xml.encode(), "", names.BINDING_REDIRECT)


def judge(made: ApplicationView, answer: PostAnswer) -> Verdict:
    """Have the service provider judge an answer, and say what it read in it."""
    try:
        response = accept(made, answer)
        attributes = response.get_attributes()
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        return Verdict(accepted=False, reason=str(error))
    return Verdict(
        accepted=True,
        name_id=response.get_nameid() or "",
        name_id_format=response.get_nameid_format() or "",
        attributes=tuple(
            (name, tuple(str(value) for value in values)) for name, values in attributes.items()
        ),
    )


def accept(made: ApplicationView, answer: PostAnswer) -> Any:
    """Have python3-saml, strict, judge an answer; it knows what the Metadata tab shows.

    :returns: its ``OneLogin_Saml2_Response``, to be asked for what it decoded.
    :raises OneLogin_Saml2_ValidationError: with its reason.
    """
    response = OneLogin_Saml2_Response(_settings(made, answer.acs_url), answer.saml_response)
    parts = urlsplit(answer.acs_url)
    place: dict[str, Any] = {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
    }
    response.is_valid(place, response.document.get("InResponseTo"), raise_exceptions=True)
    return response


def _settings(made: ApplicationView, acs_url: str) -> Any:
    sp = made.service_provider
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": sp.entity_id,
                "assertionConsumerService": {"url": acs_url},
                "NameIDFormat": str(sp.name_id_format),
            },
            "idp": {
                "entityId": made.issuer.entity_id,
                "singleSignOnService": {"url": made.issuer.login_endpoint},
                "x509cert": made.issuer.certificate,
            },
            "security": {
                "wantAssertionsSigned": sp.sign_assertion,
                "wantMessagesSigned": sp.sign_response,
                "wantAttributeStatement": False,
                "rejectDeprecatedAlgorithm": True,
                "allowSingleLabelDomains": True,
            },
        },
    )
