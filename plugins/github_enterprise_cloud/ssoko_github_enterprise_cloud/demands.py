"""What GitHub demands of an answer."""

from ssoko.plugin import AcceptanceRule, NameIdFormat, acceptance

RULES = (
    AcceptanceRule(
        id="name-id-format",
        sentence="NameID has the format persistent",
        check=acceptance.name_id_format_is(NameIdFormat.PERSISTENT),
        fix="Set the NameID format back to what the plugin proposes.",
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
        id="unsigned-requests",
        sentence="Requests need no signature",
        check=acceptance.requests_need_no_signature,
        fix="Whether GitHub signs its requests is not known; do not require it.",
        place="saml",
    ),
    AcceptanceRule(
        id="not-encrypted",
        sentence="Assertion is not encrypted",
        check=acceptance.not_encrypted,
        fix="Organizations cannot decrypt assertions; turn encryption off.",
        place="saml",
    ),
)
