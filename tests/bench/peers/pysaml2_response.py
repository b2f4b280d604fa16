"""Responses from pysaml2, which signs only the assertion and runs xmlsec1 for it."""

from collections.abc import Callable
from typing import Any

from saml2 import BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.server import Server

from tests.bench.keys import KeyFiles
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID

SP_METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
    '<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<AssertionConsumerService isDefault="true" index="0" Location="{acs_url}" '
    'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>'
    "</SPSSODescriptor></EntityDescriptor>"
)


def make_server(settings: dict[str, Any]) -> Server:
    """Return pysaml2's identity provider, which signs only the assertion."""
    base = settings["base"]
    config = {
        "entityid": f"{base}/metadata",
        "key_file": settings["key"],
        "cert_file": settings["certificate"],
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "metadata": {
            "inline": [
                SP_METADATA.format(entity_id=settings["entity_id"], acs_url=settings["acs_url"])
            ]
        },
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]},
                "sign_response": False,
                "sign_assertion": True,
                "policy": {"default": {"attribute_restrictions": None, "fail_on_missing": False}},
            }
        },
    }
    return Server(config=IdPConfig().load(config))


def respond(
    server: Server, person: str, settings: dict[str, Any], response_args: dict[str, Any]
) -> object:
    """Return a response; `response_args` holds its destination and its request."""
    return server.create_authn_response(
        settings["attributes"],
        userid=person,
        authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": settings["base"]},
        name_id=server.ident.transient_nameid(person, sp_name_qualifier=settings["entity_id"]),
        sign_response=False,
        sign_assertion=True,
        **response_args,
    )


def responder(key: KeyFiles) -> Callable[[int], object]:
    """Return a function that creates the response to the request with a number."""
    settings = {
        "base": "https://sso.example.com",
        "key": str(key.key),
        "certificate": str(key.certificate),
        "entity_id": ENTITY_ID,
        "acs_url": ACS_URL,
        "attributes": ATTRIBUTES,
    }
    server = make_server(settings)
    response_args = {"destination": ACS_URL, "sp_entity_id": ENTITY_ID}
    return lambda n: respond(
        server, "amina", settings, {**response_args, "in_response_to": f"_q{n:032x}"}
    )
