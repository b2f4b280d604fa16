"""What each error code means to an admin: a title, the rule, and how to fix it.

A refusal states the facts: its code, what was received and what was expected. The texts depend
on the code alone, so all refusals with one code read the same, and ``docs/troubleshooting.md``
lists them.
"""

from dataclasses import dataclass, replace
from typing import Literal

from ssoko.services.troubleshooting.catalog import CATALOG

#: A page where an admin can look something up or change it.
Place = Literal["settings", "mappers", "access", "user", "plugins", "uninstalled", "metadata"]

#: A fix that Ssoko can apply; ``""`` for none.
FixAction = Literal[
    "add-acs-url",
    "assign-role",
    "enable-application",
    "enable-user",
    "set-name-id-format",
    "trust-certificate",
    "",
]

_NO_APPLICATION = "the service provider"
_NO_USER = "a user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The texts for one error code.

    :param title: one line with ``{app}`` and ``{user}`` for the two names.
    :param rule: why Ssoko refuses this, in full sentences.
    :param fix: what the admin does; empty when the refusal states it.
    :param places: the pages where the fix is done.
    :param fix_action: the fix that Ssoko can apply.
    """

    title: str
    rule: str
    fix: str = ""
    places: tuple[Place, ...] = ()
    fix_action: FixAction = ""

    def title_for(self, *, application: str, user: str) -> str:
        """Return the title with both names in it; a general word replaces an empty name."""
        title = self.title.format(app=application or _NO_APPLICATION, user=user or _NO_USER)
        if title.startswith((_NO_APPLICATION, _NO_USER)):
            return title[0].upper() + title[1:]
        return title


def _read(table: dict[str, object]) -> Explanation:
    places = table.get("places", [])
    return Explanation(**{**table, "places": tuple(places)})  # type: ignore[arg-type]


EXPLANATIONS: dict[str, Explanation] = {
    code: _read(table) for code, table in CATALOG["explanations"].items()
}

_UNKNOWN = Explanation(
    title="Ssoko refused a sign-in to {app}",
    rule="The message does not follow the SAML 2.0 specification.",
    fix="Compare the SAML settings of the service provider with the Metadata tab of the "
    "application, or contact the vendor.",
    places=("metadata",),
)


_UNKNOWN_LOGOUT = replace(
    _UNKNOWN,
    title="Ssoko refused a logout message of {app}",
)


def explanation_of(code: str, *, logout: bool = False) -> Explanation:
    """Return the texts for an error code; general ones for a code that has none of its own.

    :param logout: the refused message was about signing out.
    """
    if not logout:
        return EXPLANATIONS.get(code, _UNKNOWN)
    explanation = EXPLANATIONS.get(code, _UNKNOWN_LOGOUT)
    return replace(explanation, **CATALOG["logout"].get(code, {}))
