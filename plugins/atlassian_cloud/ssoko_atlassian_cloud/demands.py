"""What Atlassian demands of an answer."""

from ssoko.plugin import AcceptanceRule, NameIdFormat, acceptance

#: Stands for the directory until Atlassian shows it: no answer goes there.
NOT_YET = "https://auth.atlassian.com/saml/not-yet"

RULES = (
    AcceptanceRule(
        id="addresses",
        sentence="Atlassian's two addresses are filled in",
        check=lambda candidate: candidate.entity_id != NOT_YET,
        fix="Paste both on the tab Settings; Atlassian shows them after it has our values.",
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
        id="acs-https",
        sentence="ACS URL begins with https",
        check=acceptance.acs_is_https,
        fix="Copy the address from the vendor again.",
        place="settings",
    ),
    AcceptanceRule(
        id="known-there",
        sentence="NameID equals the e-mail address of the Atlassian account: only the vendor knows",
        check=acceptance.only_the_vendor_knows,
        fix="Compare it in Atlassian Administration, Directory > Managed accounts.",
    ),
)
