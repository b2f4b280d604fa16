"""What a guide can contain: values as ``{{ name }}``, and evidence as ``{{ done: kind }}``."""

import re
from collections.abc import Iterable, Iterator

from ssoko.plugin.steps import MARK, misplaced, wrong_kinds

#: Name to description. Before the installation, the description is shown in place of the value.
GUIDE_VALUES = {
    "application_name": "name of the application",
    "default_role": "role of the application",
    "login_endpoint": "Login Endpoint",
    "logout_endpoint": "Logout Endpoint",
    "entity_id": "Entity ID",
    "metadata_url": "Metadata URL",
    "metadata_file_url": "URL of the metadata file",
    "certificate": "Certificate",
    "certificate_file_url": "URL of the certificate",
    "certificate_sha256": "fingerprint of the certificate",
    "launch_url": "launch URL",
    "application_url": "URL of the application's page",
    "marketplace_url": "URL of the Marketplace",
    "applications_url": "URL of the list of applications",
    "users_url": "URL of the list of users",
    "dashboard_url": "URL of the SSO Dashboard",
    "application_details_url": "URL of the page Application Details",
    "application_execution_url": "URL of the page Application Execution",
}

#: Prefix of values of the install form: ``settings.<field>``.
SETTINGS_PREFIX = "settings."

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


def named_values(markdown: str) -> Iterator[str]:
    """Yield the name in each ``{{ name }}`` of a guide, known or not, except marks."""
    for match in PLACEHOLDER.finditer(MARK.sub("", markdown)):
        yield match.group(1).strip()


def check_guide(markdown: str, fields: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with a guide, one sentence each; empty when nothing is.

    :param fields: names of the install form's fields.
    """
    names = GUIDE_VALUES.keys() | {SETTINGS_PREFIX + name for name in fields}
    if not markdown.strip():
        return ["The guide is empty. Describe how to set up the integration at the vendor"]
    unknown = [
        f"The guide has an unknown value: {name or '(empty)'}. "
        f"Use one of {', '.join(sorted(names))}"
        for name in dict.fromkeys(named_values(markdown))
        if name not in names
    ]
    return unknown + wrong_kinds(markdown) + misplaced(markdown)
