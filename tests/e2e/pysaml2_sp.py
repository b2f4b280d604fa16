"""Service providers by pysaml2, its own client and xmlsec1, in the process of the tests."""

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
    """One provider, which has no server: the tests hand it what a browser would bring."""

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
        """Return the address that takes responses."""
        return f"http://127.0.0.1:9/{self.name}/acs"

    @property
    def logout_url(self) -> str:
        """Return the address that takes logout messages."""
        return f"http://127.0.0.1:9/{self.name}/slo"

    def trust(self, idp_metadata: bytes, *, signed_requests: bool, name_id_format: str) -> None:
        """Make the client that knows the identity provider by this metadata."""
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
            # It would have every response signed, those too that say why there is no assertion.
            "want_response_signed": False,
            "want_assertions_signed": True,
        }
        told = {
            "entityid": self.entity_id,
            "service": {"sp": service},
            "metadata": {"inline": [idp_metadata.decode()]},
            "encryption_keypairs": [pair],
            "xmlsec_binary": XMLSEC1,
            **pair,
        }
        self.client = Saml2Client(SPConfig().load(told))

    def metadata(self) -> str:
        """Return the provider's metadata, as pysaml2 writes them."""
        assert self.client
        return str(entity_descriptor(self.client.config))

    def request(self, binding: str, **how: Any) -> dict[str, Any]:
        """Return a request as pysaml2 hands it to a web framework: headers or a page."""
        assert self.client
        request_id, sent = self.client.prepare_for_authenticate(
            binding=BINDINGS[binding], relay_state="here", **how
        )
        self.waiting[request_id] = "here"
        return sent

    def receive(self, saml_response: str) -> AuthnResponse:
        """Judge a response; raises pysaml2's own errors."""
        assert self.client
        return self.client.parse_authn_request_response(
            saml_response, BINDING_HTTP_POST, dict(self.waiting)
        )

    def knows(self) -> list[NameID]:
        """Return the people who are signed in here."""
        assert self.client
        return self.client.users.subjects()

    def logout_request(self, binding: str) -> dict[str, Any]:
        """Return a LogoutRequest for the one person who is signed in, ready to be sent."""
        assert self.client
        (name_id,) = self.knows()
        (idp,) = self.client.metadata.keys()
        sent = self.client.do_logout(
            name_id, [idp], "", None, sign=True, expected_binding=BINDINGS[binding]
        )
        used, http_info = sent[idp]
        assert used == BINDINGS[binding]
        return http_info

    def end(self, query: dict[str, str]) -> str:
        """Take the signed LogoutResponse of this query, forget the person, return its status."""
        assert self.client
        (idp,) = self.client.metadata.keys()
        (certificate,) = self.client.metadata.certs(idp, "idpsso", "signing")
        assert verify_redirect_signature(query, self.client.sec.sec_backend, certificate[1])
        answer = self.client.parse_logout_request_response(
            query["SAMLResponse"], BINDING_HTTP_REDIRECT
        )
        self.client.handle_logout_response(answer)
        return answer.response.status.status_code.value

    def obey(self, query: dict[str, str]) -> str:
        """Take the signed LogoutRequest of this query; return where its answer goes."""
        assert self.client
        (name_id,) = self.knows()
        sent = self.client.handle_logout_request(
            query["SAMLRequest"],
            name_id,
            BINDING_HTTP_REDIRECT,
            sign=True,
            sign_alg=self.client.signing_algorithm,
            relay_state=query.get("RelayState"),
            sigalg=query["SigAlg"],
            signature=query["Signature"],
        )
        return dict(sent["headers"])["Location"]
