"""What a signed message says of its own key: for people to compare, never to trust.

Verification (:mod:`ssoko.saml.verify`) goes by registered certificates alone and does not read
KeyInfo. Here an admin is told which certificate would have fitted.
"""

from collections.abc import Iterator

from lxml import etree

from ssoko.errors import MessageRefused

from . import names
from .signing import certificate_pem
from .verify import verify_enveloped

#: Characters of base64 that a certificate may have.
_LONGEST = 8000
_MOST = 3


def signer_of(root: etree._Element) -> str:
    """Return the certificate in the message that made its signature, as PEM; empty for none.

    Whoever sent the message chose it, so it proves only that they have its key.
    """
    for text in _certificates(root):
        try:
            return verify_enveloped(root, [certificate_pem(text)])
        except (MessageRefused, ValueError):
            continue
    return ""


def _certificates(root: etree._Element) -> Iterator[str]:
    namespaces = {"ds": names.NS_DS}
    path = "./ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
    for element in root.findall(path, namespaces)[:_MOST]:
        text = element.text or ""
        if 0 < len(text) <= _LONGEST:
            yield text
