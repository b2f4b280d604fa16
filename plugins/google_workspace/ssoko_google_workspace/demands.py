"""What Google demands of an answer."""

from ssoko.plugin import AcceptanceRule, NameIdFormat, acceptance

#: Stands for the profile until Google shows it: no request names it, and no answer goes there.
NOT_YET = "https://accounts.google.com/samlrp/not-yet"

RULES = (
    AcceptanceRule(
        id="addresses",
        sentence="Google's two addresses are filled in",
        check=lambda candidate: candidate.entity_id != NOT_YET,
        fix="Paste both on the tab Settings; Google shows them after it has our values.",
        place="settings",
    ),
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
        fix="Google cannot decrypt assertions; turn encryption off.",
        place="saml",
    ),
    AcceptanceRule(
        id="unsigned-requests",
        sentence="Requests need no signature",
        check=acceptance.requests_need_no_signature,
        fix="Google does not sign its requests; do not require it.",
        place="saml",
    ),
    AcceptanceRule(
        id="acs-https",
        sentence="ACS URL begins with https",
        check=acceptance.acs_is_https,
        fix="Copy the address from the vendor again.",
        place="settings",
    ),
    AcceptanceRule(
        id="known-there",
        sentence="NameID equals the primary address of a user: only the vendor knows",
        check=acceptance.only_the_vendor_knows,
        fix="In the Admin console, Users: compare it; super administrators are never sent here.",
    ),
)
