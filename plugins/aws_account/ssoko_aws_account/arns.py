"""Partitions of AWS, and the pairs of ARNs in its attribute Role."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """One of the separate clouds of AWS.

    :param host: of the sign-in endpoint; Regions add their name in front.
    :param region: the Region of the default endpoint, where the partition has none without.
    """

    label: str
    entity_id: str
    host: str
    console: str
    region: str = ""

    @property
    def sign_in_url(self) -> str:
        """The default ACS URL."""
        return f"https://{self.region}{'.' if self.region else ''}{self.host}/saml"


PARTITIONS = {
    "aws": Partition(
        "AWS", "urn:amazon:webservices", "signin.aws.amazon.com", "https://console.aws.amazon.com/"
    ),
    "aws-us-gov": Partition(
        "AWS GovCloud (US)",
        "urn:amazon:webservices:govcloud",
        "signin.amazonaws-us-gov.com",
        "https://console.amazonaws-us-gov.com/",
    ),
    "aws-cn": Partition(
        "AWS China",
        "urn:amazon:webservices:cn-north-1",
        "signin.amazonaws.cn",
        "https://console.amazonaws.cn/",
    ),
    # AWS publishes no entity ID for it outside of its metadata file.
    "aws-eusc": Partition(
        "AWS European Sovereign Cloud",
        "urn:amazon:webservices",
        "signin.amazonaws-eusc.eu",
        "https://console.amazonaws-eusc.eu/",
        region="eusc-de-east-1",
    ),
}

#: A name of IAM, with its path. AWS allows commas in names, but splits the pair at them.
_ROLE = r"(?:[\x21-\x2b\x2d-\x7e]+/)?[\w+=.@-]{1,64}"
_ROLE_NAME = re.compile(_ROLE, re.ASCII)
_ROLE_ARN = re.compile(rf"arn:([a-z-]+):iam::(\d{{12}}):role/{_ROLE}", re.ASCII)
_PROVIDER_ARN = re.compile(r"arn:([a-z-]+):iam::(\d{12}):saml-provider/[\w.-]{1,128}", re.ASCII)

HOW = "Enter the name of an IAM role, its ARN, or both ARNs with a comma between them"


def pair(text: str, *, partition: str, account_id: str, provider: str) -> str:
    """Return ``role ARN,provider ARN``, the format of the attribute Role.

    :param text: name of a role of the account, its ARN, or both ARNs in either order.
    :param provider: name of the IAM identity provider, the same in every account.
    :raises ValueError: with what to enter instead.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2:
        role, provider_arn = sorted(parts, key=lambda part: ":saml-provider/" in part)
        role_match, provider_match = (
            _ROLE_ARN.fullmatch(role),
            _PROVIDER_ARN.fullmatch(provider_arn),
        )
        if not role_match or not provider_match:
            raise ValueError(f"{text!r} is not a pair of role ARN and provider ARN. {HOW}")
        if role_match.groups() != provider_match.groups():
            raise ValueError(
                f"In {text!r} role and provider belong to different accounts. Use one account"
            )
        return f"{role},{provider_arn}"
    if match := _ROLE_ARN.fullmatch(text):
        partition, account_id = match.groups()
        return f"{text},arn:{partition}:iam::{account_id}:saml-provider/{provider}"
    if text.startswith("arn:") or not _ROLE_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not an IAM role. {HOW}")
    role = f"arn:{partition}:iam::{account_id}:role/{text}"
    return f"{role},arn:{partition}:iam::{account_id}:saml-provider/{provider}"


def partition_of(sign_in_url: str) -> str:
    """Return the partition of a sign-in endpoint, or an empty text."""
    for name, partition in PARTITIONS.items():
        shape = rf"https://(?:[a-z0-9-]+\.)?{re.escape(partition.host)}/saml(?:/acs/[A-Za-z0-9]+)?"
        if re.fullmatch(shape, sign_in_url):
            return name
    return ""
