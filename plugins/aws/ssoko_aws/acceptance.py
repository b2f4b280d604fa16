"""What IAM Identity Center requires of a SAML response."""

from ssoko.plugin import AcceptanceRule, Candidate, NameIdFormat, acceptance

#: Prefix of the names of attributes for access control; the rest is the key of a tag.
ACCESS_CONTROL = "https://aws.amazon.com/SAML/Attributes/AccessControl:"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
#: Maximum length of a username in Identity Center.
MAX_USERNAME = 128
MAX_CERTIFICATE = 2500
MAX_METADATA = 75_000
MAX_TAGS = 50


def tags_are_accepted(candidate: Candidate) -> bool:
    """Require at most 50 tags, each once, with one plain value and the name format uri."""
    tags = [tag for tag in candidate.attributes if tag.name.startswith(ACCESS_CONTROL)]
    names = {tag.name for tag in tags}
    return len(names) == len(tags) <= MAX_TAGS and all(
        len(tag.values) == 1 and "<" not in tag.values[0] and tag.name_format == URI for tag in tags
    )


RULES = (
    *acceptance.usual(
        NameIdFormat.EMAIL,
        name_id_format_fix="Set the NameID format to emailAddress, and upload the metadata to AWS "
        "again.",
        no_encryption="AWS cannot decrypt assertions",
        no_signed_requests="AWS does not sign its requests",
        acs_https=True,
    ),
    AcceptanceRule(
        id="name-id-size",
        sentence=f"NameID within {MAX_USERNAME} characters",
        check=acceptance.name_id_within(MAX_USERNAME),
        fix="Choose a NameID source with shorter values. Identity Center limits usernames.",
        place="saml",
    ),
    AcceptanceRule(
        id="certificate-size",
        sentence=f"Certificate within {MAX_CERTIFICATE:,} characters",
        check=acceptance.certificate_within(MAX_CERTIFICATE),
        fix="Create a new certificate with RSA 2048, and activate it.",
        place="metadata",
    ),
    AcceptanceRule(
        id="metadata-size",
        sentence=f"Metadata within {MAX_METADATA:,} characters",
        check=acceptance.metadata_within(MAX_METADATA),
        fix="Retire keys that are not in use. Each adds a certificate to the metadata.",
        place="metadata",
    ),
    AcceptanceRule(
        id="access-control",
        sentence=f"Attributes for access control: at most {MAX_TAGS}, one value each, format uri",
        check=tags_are_accepted,
        fix="Give each mapper one value (First value or Join with), and the name format uri.",
        place="mappers",
    ),
    acceptance.vendor_knows(
        "NameID equals the username in Identity Center",
        "Compare it in Identity Center, Users. It is case-sensitive.",
        id="username",
    ),
)
