"""Entity ID and ACS URL of a vendor that shows them only after it has the values of Ssoko.

Such an application is installed with both fields empty; they are entered later on the tab
Settings::

    URLS = SpUrls(
        vendor="Google",
        entity_id="Entity ID",
        acs_url="ACS URL",
        where_to_find="In Google: Security > Authentication > SSO with third party IdP",
        patterns=((r"https://accounts\\.google\\.com/samlrp/([a-z0-9]+)",
                   r"https://accounts\\.google\\.com/samlrp/([a-z0-9]+)/acs"),),
        not_yet="https://accounts.google.com/samlrp/not-yet",
    )

    class InstallForm(fields.Form):
        entity_id = URLS.field("entity_id")
        acs_url = URLS.field("acs_url")
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow import ValidationError

from ssoko.plugin import checks
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.fields import Text, in_sentence
from ssoko.plugin.values import Problem

Field = Literal["entity_id", "acs_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpUrls:
    """The two values that a vendor shows together.

    :param vendor: name of the vendor, for messages.
    :param entity_id: the vendor's label of the entity ID.
    :param acs_url: the vendor's label of the ACS URL.
    :param where_to_find: menu path to both.
    :param patterns: pairs of the patterns of an entity ID and an ACS URL that belong together. Text
        in the first group that matches is the ID of the account, equal in both.
    :param not_yet: used for both values until the vendor shows them.
    """

    vendor: str
    entity_id: str
    acs_url: str
    where_to_find: str
    patterns: tuple[tuple[str, str], ...]
    not_yet: str

    def field(self, name: Field, **options: Any) -> Text:
        """Return the form field for one of the two values."""
        return Text(
            load_default="",
            validate=self._check(name),
            label=getattr(self, name),
            help=f"{self.vendor} shows it after it has the values from Ssoko. Empty until then",
            where_to_find=self.where_to_find,
            **options,
        )

    def problems(self, settings: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Return the errors and warnings about the two values, for ``check_settings``."""
        missing = [name for name in ("entity_id", "acs_url") if not settings[name]]
        if len(missing) == 2:
            message = (
                f"Enter both as soon as {self.vendor} shows them. Until then, nobody can sign in"
            )
            return (Problem("entity_id", message, "warning"),)
        if missing:
            label = in_sentence(getattr(self, missing[0]))
            message = f"Enter the {label} too. {self.vendor} shows both together"
            return (Problem(missing[0], message),)
        matches = {name: self._matches(name, settings[name]) for name in ("entity_id", "acs_url")}
        if all(matches.values()) and not self._belong_together(*matches.values()):
            message = "The two values belong to different accounts or profiles. Paste both again"
            return (Problem("acs_url", message),)
        return tuple(
            Problem(
                name,
                f"This {in_sentence(getattr(self, name))} looks unusual. Compare it with the one "
                f"at {self.vendor}",
                "warning",
            )
            for name, match in matches.items()
            if not match
        )

    def rule(self) -> AcceptanceRule:
        """Return the acceptance rule that both values are entered."""
        return AcceptanceRule(
            id="addresses",
            sentence=f"{self.entity_id} and {in_sentence(self.acs_url)} are entered",
            check=lambda candidate: candidate.entity_id != self.not_yet,
            fix=f"Enter both on the tab Settings. {self.vendor} shows them after it has the values "
            "from Ssoko.",
            place="settings",
        )

    def _check(self, name: Field) -> Callable[[str], None]:
        other: Field = "acs_url" if name == "entity_id" else "entity_id"
        check = checks.check_entity_id if name == "entity_id" else checks.check_url

        def check_value(text: str) -> None:
            if self._matches(other, text):
                raise ValidationError(
                    f"This is the {in_sentence(getattr(self, other))}. Paste the "
                    f"{in_sentence(getattr(self, name))} here"
                )
            check(text)

        return checks.optional(check_value)

    def _matches(self, name: str, text: str) -> list[tuple[int, str]]:
        """Return the index of each pattern that a value matches, with the ID in the value."""
        place = 0 if name == "entity_id" else 1
        return [
            (index, next(filter(None, match.groups()), ""))
            for index, pair in enumerate(self.patterns)
            if (match := re.fullmatch(pair[place], text))
        ]

    @staticmethod
    def _belong_together(
        entity_ids: list[tuple[int, str]], acs_urls: list[tuple[int, str]]
    ) -> bool:
        return any(
            index == other and (account == other_account or not account or not other_account)
            for index, account in entity_ids
            for other, other_account in acs_urls
        )
