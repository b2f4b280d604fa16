"""What AWS demands of an answer that shall open an account."""

import re

from ssoko.plugin import AcceptanceRule, Candidate, NameIdFormat, acceptance

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
_PAIR = re.compile(
    r"arn:[a-z-]+:iam::([0-9]{12}):role/[^,]+,arn:[a-z-]+:iam::\1:saml-provider/[A-Za-z0-9_.-]+"
)
_SESSION_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
MAX_TAGS = 50
MAX_TAG_VALUE = 256


def _values(candidate: Candidate, name: str) -> list[tuple[str, ...]]:
    return [one.values for one in candidate.attributes if one.name == ATTRIBUTES + name]


def roles_are_pairs(candidate: Candidate) -> bool:
    """Ask that each value of Role is a pair within one account."""
    return all(_PAIR.fullmatch(text) for found in _values(candidate, "Role") for text in found)


def session_name_is_fit(candidate: Candidate) -> bool:
    """Ask for one session name, as AWS writes them."""
    return all(
        len(found) == 1 and _SESSION_NAME.fullmatch(found[0])
        for found in _values(candidate, "RoleSessionName")
    )


def tags_are_fit(candidate: Candidate) -> bool:
    """Ask for at most 50 session tags, with one value each."""
    tags = [
        one.values
        for one in candidate.attributes
        if one.name.startswith(f"{ATTRIBUTES}PrincipalTag:")
    ]
    return len(tags) <= MAX_TAGS and all(
        len(found) == 1 and len(found[0]) <= MAX_TAG_VALUE for found in tags
    )


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
        id="role-pairs",
        sentence="Role holds pairs of a role's and a provider's ARN",
        check=roles_are_pairs,
        fix="Remove rows named Role from the mappers; the plugin sends them.",
        place="mappers",
    ),
    AcceptanceRule(
        id="session-name",
        sentence="RoleSessionName is one of 2 to 64 letters, digits and _+=,.@-",
        check=session_name_is_fit,
        fix="Remove rows named RoleSessionName from the mappers; the plugin sends it.",
        place="mappers",
    ),
    AcceptanceRule(
        id="session-tags",
        sentence="Session tags: at most 50, one value each of at most 256 characters",
        check=tags_are_fit,
        fix="Give each one value (the change first or join), and shorten it.",
        place="mappers",
    ),
    AcceptanceRule(
        id="known-there",
        sentence="Trust policy of the role names our provider: only the vendor knows",
        check=acceptance.only_the_vendor_knows,
        fix="In IAM, the role > Trust relationships: compare the principal and SAML:aud.",
    ),
)
