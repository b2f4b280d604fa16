"""Recognize the URLs of IAM Identity Center.

AWS added three families of hosts in a year, so an unknown URL is accepted with a warning. A URL
that is certainly another one is refused, with the one to paste instead.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from marshmallow import ValidationError
from ssoko.plugin import Problem, checks

_ID = r"[a-z0-9-]+"
_OLD_PORTAL = (
    rf"{_ID}\.awsapps\.(com|cn)/start/?(#.*)?"
    rf"|start\.({_ID}\.)?(us-gov-)?home\.awsapps\.(com|cn)/directory/{_ID}/?"
)
_NEW_PORTAL = (
    rf"ssoins-{_ID}\.{_ID}\.portal\.amazonaws\.(com|com\.cn|eu)/?"
    rf"|ssoins-{_ID}\.portal\.{_ID}"
    r"\.(app\.aws|app\.amazonwebservices\.com\.cn|api\.amazonwebservices\.eu)/?"
)
_SIGN_IN_HOST = (
    rf"{_ID}\.(signin\.aws\.amazon\.com|signin\.aws|sso\.signin\.aws"
    r"|signin\.amazonaws-us-gov\.com|signin\.amazonaws\.cn|signin\.amazonaws-eusc\.eu)"
)
_CONSOLE_HOST = (
    r"([a-z0-9-]+\.)?console\.(aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn"
    r"|amazonaws-eusc\.eu)"
)
#: Kind to its pattern, the most specific first.
_KINDS = {
    "federation": re.compile(
        r"urn:amazon:webservices.*|https://([a-z0-9-]+\.)?signin\.(aws\.amazon\.com"
        r"|amazonaws-us-gov\.com|amazonaws\.cn|amazonaws-eusc\.eu)/saml(/acs/.*)?",
        re.IGNORECASE,
    ),
    "console": re.compile(rf"https://{_CONSOLE_HOST}([/?#].*)?", re.IGNORECASE),
    "acs_url": re.compile(rf"https://{_SIGN_IN_HOST}/platform/saml/acs/{_ID}", re.IGNORECASE),
    "issuer_url": re.compile(rf"https://{_SIGN_IN_HOST}/platform/saml/{_ID}", re.IGNORECASE),
    "sign_in_url": re.compile(rf"https://({_OLD_PORTAL}|{_NEW_PORTAL})", re.IGNORECASE),
}
_NAMES = {
    "sign_in_url": "the Sign-in URL",
    "acs_url": "an ACS URL",
    "issuer_url": "the Issuer URL",
    "console": "a page of the AWS console",
    "federation": "for IAM account federation, not for IAM Identity Center",
}
_EXPECTED = {
    "sign_in_url": "the AWS access portal sign-in URL; it often ends in awsapps.com/start",
    "acs_url": "the URL that ends in /acs/ and an ID",
    "issuer_url": "the URL that ends in /platform/saml/ and an ID, without /acs/",
}


def portal(text: str) -> str:
    """Return the sign-in URL of an access portal, from any page of it."""
    text = text if "://" in text or "." not in text else f"https://{text}"
    match = re.match(rf"https://(?:{_OLD_PORTAL}|{_NEW_PORTAL})(?=[/?#]|$)", text, re.IGNORECASE)
    if match:
        return text[: match.end()].partition("#")[0]
    # Without /start it leads nowhere.
    return re.sub(rf"^(https://{_ID}\.awsapps\.(?:com|cn))/?$", r"\1/start", text)


def problems(field: str, url: str) -> Iterator[Problem]:
    """Yield what is wrong with one URL in one field of the form."""
    kind = next((k for k, pattern in _KINDS.items() if pattern.fullmatch(url)), "")
    if kind and kind != field:
        yield Problem(field, f"This URL is {_NAMES[kind]}. Paste {_EXPECTED[field]}")
        return
    try:
        checks.check_url(url)
    except ValidationError as error:
        yield Problem(field, f"{error.messages[0]}. Paste {_EXPECTED[field]}")
        return
    if urlsplit(url).scheme == "http":
        yield Problem(field, "http works on this machine only. AWS uses https", "warning")
    elif not kind:
        yield Problem(
            field,
            f"This URL looks unusual. Compare it with {_EXPECTED[field]}",
            "warning",
        )
