"""What Zoom demands of an answer."""

from ssoko.plugin import AcceptanceRule, NameIdFormat, acceptance

RULES = (
    AcceptanceRule(
        id="name-id-format",
        sentence="NameID has the format emailAddress",
        check=acceptance.name_id_format_is(NameIdFormat.EMAIL),
        fix="Set the NameID format back to what the plugin proposes.",
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
        fix="Turn encryption off, here and in Zoom.",
        place="saml",
    ),
)
