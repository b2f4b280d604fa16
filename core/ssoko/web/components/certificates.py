"""The certificates of an issuer on a page: the facts, and the card for the next certificate."""

from dataclasses import dataclass
from typing import Any

from ssoko.services.issuers.issuers import IssuerView
from ssoko.services.issuers.rotation_status import rotation as find_rotation
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.session import current_scope

#: Characters of the largest certificate file that AWS, the strictest vendor, accepts.
CERTIFICATE_LIMIT = 2500

_DAY = 24 * 3600

_ALGORITHMS = {
    "rsa-2048": "RSA 2048, accepted by every service provider",
    "rsa-3072": "RSA 3072",
    "rsa-4096": "RSA 4096, slower to sign with",
    "ec-p256": "ECDSA P-256",
    "ec-p384": "ECDSA P-384",
}


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The facts that an admin compares with the vendor's console.

    :param size: of the PEM, in characters; ``limit`` likewise.
    :param fingerprint: SHA-256, in pairs of hexadecimal digits.
    """

    expires_at: int
    days_left: int
    key: str
    size: int
    limit: int
    fingerprint: tuple[str, ...]


def certificate_facts(issuer: IssuerView, *, now: int) -> CertificateFacts:
    """Describe the certificate of the active signing key.

    :param now: seconds since the epoch.
    """
    digits = issuer.certificate_sha256.replace(":", "").upper()
    return CertificateFacts(
        expires_at=issuer.certificate_not_after,
        days_left=(issuer.certificate_not_after - now) // _DAY,
        key=issuer.key_description,
        size=len(issuer.certificate),
        limit=CERTIFICATE_LIMIT,
        fingerprint=tuple(digits[at : at + 2] for at in range(0, len(digits), 2)),
    )


def card_values(issuer_id: str) -> dict[str, Any]:
    """Return the values of the card Next certificate."""
    rotation = find_rotation(current_scope(), issuer_id)
    return {"rotation": rotation, "algorithm": _algorithm_field()}


def _algorithm_field() -> FormField:
    return text_field(
        "algorithm",
        "Key",
        kind="select",
        value="rsa-2048",
        choices=tuple(_ALGORITHMS.items()),
        help="Many service providers do not accept ECDSA, including AWS",
    )
