"""What AWS requires of a SAML response that gives access to an account."""

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
    return [
        attribute.values
        for attribute in candidate.attributes
        if attribute.name == ATTRIBUTES + name
    ]


def roles_are_pairs(candidate: Candidate) -> bool:
    """Require that each value of Role is a pair within one account."""
    return all(_PAIR.fullmatch(text) for values in _values(candidate, "Role") for text in values)


def session_name_is_accepted(candidate: Candidate) -> bool:
    """Require one session name that AWS accepts."""
    return all(
        len(values) == 1 and _SESSION_NAME.fullmatch(values[0])
        for values in _values(candidate, "RoleSessionName")
    )


def tags_are_accepted(candidate: Candidate) -> bool:
    """Require at most 50 session tags, with one value each."""
    tags = [
        attribute.values
        for attribute in candidate.attributes
        if attribute.name.startswith(f"{ATTRIBUTES}PrincipalTag:")
    ]
    return len(tags) <= MAX_TAGS and all(
        len(values) == 1 and len(values[0]) <= MAX_TAG_VALUE for values in tags
    )


RULES = (
    *acceptance.usual(NameIdFormat.PERSISTENT),
    AcceptanceRule(
        id="role-pairs",
        sentence="Role has pairs of role ARN and provider ARN",
        check=roles_are_pairs,
        fix="Remove mappers named Role. The plugin sends this attribute.",
        place="mappers",
    ),
    AcceptanceRule(
        id="session-name",
        sentence="RoleSessionName is one of 2 to 64 letters, digits and _+=,.@-",
        check=session_name_is_accepted,
        fix="Remove mappers named RoleSessionName. The plugin sends this attribute.",
        place="mappers",
    ),
    AcceptanceRule(
        id="session-tags",
        sentence="Session tags: at most 50, one value each of at most 256 characters",
        check=tags_are_accepted,
        fix="Give each mapper one value (First value or Join with), and shorten it.",
        place="mappers",
    ),
    acceptance.vendor_knows(
        "Trust policy of the role has this provider",
        "In IAM, open the role > Trust relationships. Compare the principal and SAML:aud.",
    ),
)
