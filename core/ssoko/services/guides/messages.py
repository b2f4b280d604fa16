"""Texts about the evidence of a guide's steps that pages and the API show."""

#: Kind of evidence to its label in a list.
LABELS = {
    "installed": "Application installed",
    "metadata": "Metadata handed over",
    "certificate": "Certificate handed over",
    "role": "Role assigned",
    "request": "First SAML request received",
    "sign-in": "SAML response sent",
    "accepted": "SAML response accepted",
}

INSTALLED = "Installed"
INSTALLED_BY = "Installed by {name}"
METADATA_FILE = "Metadata file downloaded by {name}"
METADATA_FETCHED = "Metadata fetched by {program}"
LOGIN_ENDPOINT_USED = "Login Endpoint used by {entity_id}"
CERTIFICATE_FILE = "Certificate downloaded by {name}"
CERTIFICATE_IN_FILE = "Metadata file with the certificate downloaded by {name}"
CERTIFICATE_FETCHED = "Certificate fetched with the metadata by {program}"
#: A program that fetched the metadata.
PROGRAM = "{user_agent} at {address}"
NO_USER_AGENT = "a program"
NO_ADDRESS = "an unknown IP address"
ROLE_ASSIGNED = "{role} assigned to {assignee}"
ROLE_ASSIGNED_BY = "{role} assigned to {assignee} by {name}"
GROUP = "the group {name}"
EMPTY_GROUP = "the group {name} (no active members)"
REQUEST = "Request from {entity_id}"
RESPONSE_SENT = "Assertion sent to {acs_url}"
RESPONSE_ACCEPTED = "{vendor} confirmed that it accepted a session"
RULE_PASSED = "{rule}, checked for {name}"
FOR_USER = "for {name}"

#: When a step that names one of the plugin's acceptance rules is completed; follows "when".
RULE_PASSES = "the check for a person with access passes"
