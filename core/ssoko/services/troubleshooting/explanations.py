"""What each way to fail means, in an admin's words: a headline, the rule, and what to do.

A refusal says what was got and expected where it is raised. The words here go with its code, so
that all refusals of one code read the same and ``docs/troubleshooting.md`` can list them.
"""

from ssoko.services.troubleshooting.explanation import Explanation
from ssoko.services.troubleshooting.words_for_messages import MESSAGES
from ssoko.services.troubleshooting.words_for_sign_ins import SIGN_INS

EXPLANATIONS: dict[str, Explanation] = {**MESSAGES, **SIGN_INS}

_UNKNOWN = Explanation(
    title="An exchange with {app} was refused",
    rule="The message breaks a rule of SAML 2.0.",
    fix="Compare the SAML settings of the service provider with the tab Metadata of the "
    "application, or ask the vendor.",
    places=("metadata",),
)


def explanation_of(code: str) -> Explanation:
    """Return the words for a code; for one that nobody wrote about, general ones."""
    return EXPLANATIONS.get(code, _UNKNOWN)
