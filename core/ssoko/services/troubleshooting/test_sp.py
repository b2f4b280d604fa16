"""A service provider for tests: python3-saml, so that Ssoko does not verify its own responses."""

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
from ssoko.services.sso.saml.outcomes import PostResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the service provider found in a response.

    :param reason: its error message; empty when it accepts the response.
    :param attributes: pairs of name and values.
    """

    accepted: bool
    reason: str = ""
    name_id: str = ""
    name_id_format: str = ""
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def build_request(application: ApplicationView, *, request_id: str, now: int) -> Inbound:
    """Return the unsigned AuthnRequest that starts a sign-in at the service provider."""
    xml = (
        f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
        f'ID="{request_id}" Version="2.0" IssueInstant="{instant(now)}" '
        f"Destination={quoteattr(application.issuer.login_endpoint)}>"
        f"<saml:Issuer>{escape(application.service_provider.entity_id)}</saml:Issuer>"
        "</samlp:AuthnRequest>"
    )
    return Inbound(xml.encode(), "", names.BINDING_REDIRECT)


def verify_response(application: ApplicationView, response: PostResponse) -> Verdict:
    """Verify a response as the service provider does, and return what it reads from it."""
    try:
        accepted = accept(application, response)
        attributes = accepted.get_attributes()
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        return Verdict(accepted=False, reason=str(error))
    return Verdict(
        accepted=True,
        name_id=accepted.get_nameid() or "",
        name_id_format=accepted.get_nameid_format() or "",
        attributes=tuple(
            (name, tuple(str(value) for value in values)) for name, values in attributes.items()
        ),
    )


def accept(application: ApplicationView, response: PostResponse) -> Any:
    """Verify a response with python3-saml in strict mode and the values of the Metadata tab.

    :returns: the ``OneLogin_Saml2_Response`` with the decoded content.
    :raises OneLogin_Saml2_ValidationError: with the reason.
    """
    settings = _settings(application, response.acs_url)
    accepted = OneLogin_Saml2_Response(settings, response.saml_response)
    parts = urlsplit(response.acs_url)
    request: dict[str, Any] = {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
    }
    accepted.is_valid(request, accepted.document.get("InResponseTo"), raise_exceptions=True)
    return accepted


def _settings(application: ApplicationView, acs_url: str) -> Any:
    sp = application.service_provider
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": sp.entity_id,
                "assertionConsumerService": {"url": acs_url},
                "NameIDFormat": str(sp.name_id_format),
            },
            "idp": {
                "entityId": application.issuer.entity_id,
                "singleSignOnService": {"url": application.issuer.login_endpoint},
                "x509cert": application.issuer.certificate,
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
