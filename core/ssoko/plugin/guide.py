"""What a guide may name: values as ``{{ name }}``, and evidence as ``{{ done: kind }}``."""

import re
from collections.abc import Iterable, Iterator

from ssoko.plugin.steps import MARK, misplaced, wrong_kinds

#: Name to what it is. Before installation the description stands in for the value.
GUIDE_VALUES = {
    "application_name": "name of the application",
    "default_role": "role of the application",
    "login_endpoint": "Login Endpoint",
    "logout_endpoint": "Logout Endpoint",
    "entity_id": "Entity ID",
    "metadata_url": "Metadata URL",
    "metadata_file_url": "address of our metadata file",
    "certificate": "Certificate",
    "certificate_file_url": "address of our certificate",
    "certificate_sha256": "fingerprint of the certificate",
    "launch_url": "launch address",
    "application_url": "address of the application's page",
    "marketplace_url": "address of the Marketplace",
    "applications_url": "address of the applications",
    "users_url": "address of the users",
    "dashboard_url": "address of the SSO Dashboard",
    "application_details_url": "address of the page Application Details",
    "application_execution_url": "address of the page Application Execution",
}

#: Beside these a guide may show what was typed into the install form: ``settings.<field>``.
SETTINGS_PREFIX = "settings."

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


def named_values(markdown: str) -> Iterator[str]:
    """Yield the name in each ``{{ name }}`` of a guide, known or not; marks are none."""
    for match in PLACEHOLDER.finditer(MARK.sub("", markdown)):
        yield match.group(1).strip()


def check_guide(markdown: str, fields: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with a guide, one sentence each; empty when nothing is.

    :param fields: names of the install form's fields.
    """
    known = GUIDE_VALUES.keys() | {SETTINGS_PREFIX + name for name in fields}
    if not markdown.strip():
        return ["The guide is empty; write how the integration is set up at the vendor"]
    wrong = [
        f"The guide names a value that does not exist: {name or 'an empty one'}. "
        f"Use one of {', '.join(sorted(known))}"
        for name in dict.fromkeys(named_values(markdown))
        if name not in known
    ]
    return wrong + wrong_kinds(markdown) + misplaced(markdown)
