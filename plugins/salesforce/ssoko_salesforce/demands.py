"""What Salesforce demands of an answer."""

from ssoko.plugin import AcceptanceRule, NameIdFormat, acceptance

RULES = (
    AcceptanceRule(
        id="name-id-format",
        sentence="NameID has the format unspecified or emailAddress",
        check=acceptance.name_id_format_is(NameIdFormat.UNSPECIFIED, NameIdFormat.EMAIL),
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
        id="known-there",
        sentence="NameID equals the Federation ID: only the vendor knows",
        check=acceptance.only_the_vendor_knows,
        fix="Compare it on the user's page in Salesforce, letter by letter; capitals count.",
    ),
)
