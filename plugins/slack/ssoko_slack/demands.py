"""What Slack demands of an answer."""

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
)
