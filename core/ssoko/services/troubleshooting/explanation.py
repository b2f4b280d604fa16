"""The shape of the words that go with the code of a refusal."""

from dataclasses import dataclass
from typing import Literal

#: Where an admin can look or change something.
Place = Literal["settings", "mappers", "access", "user", "plugins", "uninstalled", "metadata"]

#: What one press can do.
Mend = Literal[
    "add-acs-url", "give-role", "enable-application", "enable-user", "trust-certificate", ""
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The words for one code.

    :param title: a headline with ``{app}`` for the application's name.
    :param rule: why Ssoko refuses that, in sentences.
    :param fix: what an admin does; empty where only the refusal itself knows.
    :param places: the pages where it is done.
    :param mend: what one press can do about it.
    """

    title: str
    rule: str
    fix: str = ""
    places: tuple[Place, ...] = ()
    mend: Mend = ""
