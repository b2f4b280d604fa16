"""Tell the addresses of IAM Identity Center apart.

AWS added three families of hosts in a year, so an address of an unknown shape is let through
with a warning. One that is certainly something else is refused, with what to paste instead.
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
    r"|signin\.amazonaws-us-gov\.com|signin\.amazonaws\.cn)"
)
#: What an address is, most telling first.
_KINDS = {
    "federation": re.compile(
        r"urn:amazon:webservices.*|https://([a-z0-9-]+\.)?signin\.(aws\.amazon\.com"
        r"|amazonaws-us-gov\.com|amazonaws\.cn)/saml(/acs/.*)?",
        re.IGNORECASE,
    ),
    "acs_url": re.compile(rf"https://{_SIGN_IN_HOST}/platform/saml/acs/{_ID}", re.IGNORECASE),
    "issuer_url": re.compile(rf"https://{_SIGN_IN_HOST}/platform/saml/{_ID}", re.IGNORECASE),
    "sign_in_url": re.compile(rf"https://({_OLD_PORTAL}|{_NEW_PORTAL})", re.IGNORECASE),
}
_NAMES = {
    "sign_in_url": "the Sign-in URL",
    "acs_url": "an ACS URL",
    "issuer_url": "the Issuer URL",
    "federation": "for IAM account federation, not for IAM Identity Center",
}
_WANTED = {
    "sign_in_url": "the AWS access portal sign-in URL; it often ends in awsapps.com/start",
    "acs_url": "the address that ends in /acs/ and an id",
    "issuer_url": "the address that ends in /platform/saml/ and an id, without /acs/",
}


def judge(field: str, address: str) -> Iterator[Problem]:
    """Yield what is wrong with one address in one field of the form."""
    kind = next((k for k, pattern in _KINDS.items() if pattern.fullmatch(address)), "")
    if kind and kind != field:
        yield Problem(field, f"Paste {_WANTED[field]}. This one is {_NAMES[kind]}")
        return
    try:
        checks.check_url(address)
    except ValidationError as error:
        yield Problem(field, f"{error.messages[0]}. Paste {_WANTED[field]}")
        return
    if urlsplit(address).scheme == "http":
        yield Problem(field, "Plain http reaches this machine only; AWS uses https", "warning")
    elif not kind:
        yield Problem(
            field,
            f"AWS usually writes this one differently. Compare it with {_WANTED[field]}",
            "warning",
        )
