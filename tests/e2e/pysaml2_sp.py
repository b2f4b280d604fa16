"""Service providers built with pysaml2 and xmlsec1, inside the test process."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.response import AuthnResponse
from saml2.saml import NameID
from saml2.sigver import verify_redirect_signature

XMLSEC1 = "/usr/bin/xmlsec1"
BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}


@dataclass(slots=True)
class Pysaml2:
    """One provider without a server: tests pass it what a browser would deliver."""

    name: str
    home: Path
    client: Saml2Client | None = None
    waiting: dict[str, str] = field(default_factory=dict)

    @property
    def entity_id(self) -> str:
        """Return the entity ID."""
        return f"https://{self.name}.example/saml2/metadata"

    @property
    def acs_url(self) -> str:
        """Return the ACS URL."""
        return f"http://127.0.0.1:9/{self.name}/acs"

    @property
    def logout_url(self) -> str:
        """Return the single logout URL."""
        return f"http://127.0.0.1:9/{self.name}/slo"

    def trust(self, idp_metadata: bytes, *, signed_requests: bool, name_id_format: str) -> None:
        """Create the client for the identity provider that this metadata describes."""
        assert shutil.which(XMLSEC1), "xmlsec1 is missing: apt-get install xmlsec1"
        pair = {"key_file": f"{self.home}/key.pem", "cert_file": f"{self.home}/certificate.pem"}
        service = {
            "endpoints": {
                "assertion_consumer_service": [(self.acs_url, BINDING_HTTP_POST)],
                "single_logout_service": [(self.logout_url, BINDING_HTTP_REDIRECT)],
            },
            "name_id_format": [name_id_format],
            "name_id_policy_format": name_id_format,
            "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
            "allow_unsolicited": True,
            "authn_requests_signed": signed_requests,
            "logout_requests_signed": True,
            # If true, pysaml2 also requires signatures on error responses.
            "want_response_signed": False,
            "want_assertions_signed": True,
        }
        config = {
            "entityid": self.entity_id,
            "service": {"sp": service},
            "metadata": {"inline": [idp_metadata.decode()]},
            "encryption_keypairs": [pair],
            "xmlsec_binary": XMLSEC1,
            **pair,
        }
        self.client = Saml2Client(SPConfig().load(config))

    def metadata(self) -> str:
        """Return the provider's metadata as pysaml2 writes it."""
        assert self.client
        return str(entity_descriptor(self.client.config))

    def request(self, binding: str, **how: Any) -> dict[str, Any]:
        """Return a request as pysaml2 passes it to a web framework: headers or a page."""
        assert self.client
        request_id, http_info = self.client.prepare_for_authenticate(
            binding=BINDINGS[binding], relay_state="here", **how
        )
        self.waiting[request_id] = "here"
        return http_info

    def receive(self, saml_response: str) -> AuthnResponse:
        """Validate a response; pysaml2 raises its own errors."""
        assert self.client
        return self.client.parse_authn_request_response(
            saml_response, BINDING_HTTP_POST, dict(self.waiting)
        )

    def signed_in_users(self) -> list[NameID]:
        """Return the NameIDs of the signed-in users."""
        assert self.client
        return self.client.users.subjects()

    def logout_request(self, binding: str) -> dict[str, Any]:
        """Return a LogoutRequest for the only signed-in user."""
        assert self.client
        (name_id,) = self.signed_in_users()
        (idp,) = self.client.metadata.keys()
        requests = self.client.do_logout(
            name_id, [idp], "", None, sign=True, expected_binding=BINDINGS[binding]
        )
        used, http_info = requests[idp]
        assert used == BINDINGS[binding]
        return http_info

    def receive_logout_response(self, query: dict[str, str]) -> str:
        """Process the signed LogoutResponse of this query and return its status code."""
        assert self.client
        (idp,) = self.client.metadata.keys()
        (certificate,) = self.client.metadata.certs(idp, "idpsso", "signing")
        assert verify_redirect_signature(query, self.client.sec.sec_backend, certificate[1])
        response = self.client.parse_logout_request_response(
            query["SAMLResponse"], BINDING_HTTP_REDIRECT
        )
        self.client.handle_logout_response(response)
        return response.response.status.status_code.value

    def receive_logout_request(self, query: dict[str, str]) -> str:
        """Process the signed LogoutRequest of this query; return the response URL."""
        assert self.client
        (name_id,) = self.signed_in_users()
        http_info = self.client.handle_logout_request(
            query["SAMLRequest"],
            name_id,
            BINDING_HTTP_REDIRECT,
            sign=True,
            sign_alg=self.client.signing_algorithm,
            relay_state=query.get("RelayState"),
            sigalg=query["SigAlg"],
            signature=query["Signature"],
        )
        return dict(http_info["headers"])["Location"]
