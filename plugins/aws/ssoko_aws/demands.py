"""What IAM Identity Center demands of an answer."""

from ssoko.plugin import AcceptanceRule, Candidate, NameIdFormat, SamlAttribute, acceptance

#: Begins the names of attributes for access control; the rest is the key of a tag.
ACCESS_CONTROL = "https://aws.amazon.com/SAML/Attributes/AccessControl:"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
#: Longest username that Identity Center keeps.
MAX_USERNAME = 128
MAX_CERTIFICATE = 2500
MAX_METADATA = 75_000
MAX_TAGS = 50


def _tags(candidate: Candidate) -> list[SamlAttribute]:
    return [one for one in candidate.attributes if one.name.startswith(ACCESS_CONTROL)]


def tags_are_fit(candidate: Candidate) -> bool:
    """Ask for at most 50, each once, with one plain value and the name format uri."""
    tags = _tags(candidate)
    names = {tag.name for tag in tags}
    return len(names) == len(tags) <= MAX_TAGS and all(
        len(tag.values) == 1 and "<" not in tag.values[0] and tag.name_format == URI for tag in tags
    )


RULES = (
    AcceptanceRule(
        id="name-id-format",
        sentence="NameID has the format emailAddress, in our metadata too",
        check=acceptance.name_id_format_is(NameIdFormat.EMAIL),
        fix="Set the NameID format to E-mail address, and upload the metadata to AWS again.",
        place="saml",
    ),
    AcceptanceRule(
        id="name-id-email",
        sentence="NameID is an e-mail address",
        check=acceptance.name_id_is_email,
        fix="Give the person an e-mail address, or take the NameID from a field that has one.",
        place="person",
    ),
    AcceptanceRule(
        id="name-id-size",
        sentence=f"NameID within {MAX_USERNAME} characters",
        check=acceptance.name_id_within(MAX_USERNAME),
        fix="Identity Center keeps no longer usernames; take the NameID from a shorter value.",
        place="saml",
    ),
    AcceptanceRule(
        id="one-assertion",
        sentence="One signed assertion, SHA-256",
        check=acceptance.one_signed_assertion,
        fix="Sign the assertion.",
        place="saml",
    ),
    AcceptanceRule(
        id="not-encrypted",
        sentence="Assertion is not encrypted",
        check=acceptance.not_encrypted,
        fix="AWS cannot decrypt assertions; turn encryption off.",
        place="saml",
    ),
    AcceptanceRule(
        id="unsigned-requests",
        sentence="Requests need no signature",
        check=acceptance.requests_need_no_signature,
        fix="AWS does not sign its requests; do not require it.",
        place="saml",
    ),
    AcceptanceRule(
        id="certificate-size",
        sentence=f"Certificate within {MAX_CERTIFICATE:,} characters",
        check=acceptance.certificate_within(MAX_CERTIFICATE),
        fix="Make a new key with RSA 2048 and activate it.",
        place="metadata",
    ),
    AcceptanceRule(
        id="metadata-size",
        sentence=f"Metadata within {MAX_METADATA:,} characters",
        check=acceptance.metadata_within(MAX_METADATA),
        fix="Retire keys that are not in use; each puts a certificate into the metadata.",
        place="metadata",
    ),
    AcceptanceRule(
        id="acs-https",
        sentence="ACS URL begins with https",
        check=acceptance.acs_is_https,
        fix="Copy the ACS URL from AWS again.",
        place="settings",
    ),
    AcceptanceRule(
        id="access-control",
        sentence=f"Attributes for access control: at most {MAX_TAGS}, one value each, format uri",
        check=tags_are_fit,
        fix="Give each one value (the change first or join), and the name format uri.",
        place="mappers",
    ),
    AcceptanceRule(
        id="username",
        sentence="NameID equals the username in Identity Center: only AWS knows",
        check=acceptance.only_the_vendor_knows,
        fix="In Identity Center, Users: compare it letter by letter; capitals count.",
    ),
)
