"""Compare two previews: what a user gets from an application before and after a change."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ssoko.saml import names
from ssoko.services.applications.differences import Difference
from ssoko.services.applications.upgrades import compare
from ssoko.services.context import Scope
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting.preview import Preview, preview_application, preview_sign_in
from ssoko.text.line_difference import Line, between

#: New in every message, so never a difference.
_ID = re.compile(r' ID="[^"]*"')
_RANDOM = "random-and-new-at-each-sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionDifference:
    """The assertion that a user gets now, and the one that they would get.

    :param rows: every value that is compared, changed or not.
    :param xml: lines of the unsigned assertion; empty when both are equal.
    """

    user: UserView
    rows: tuple[Difference, ...]
    xml: tuple[Line, ...]

    @property
    def changed(self) -> tuple[Difference, ...]:
        """The rows whose values differ."""
        return tuple(row for row in self.rows if row.recorded != row.new)

    @property
    def same(self) -> tuple[Difference, ...]:
        """The other rows."""
        return tuple(row for row in self.rows if row.recorded == row.new)


def compare_previews(before: Preview, after: Preview) -> AssertionDifference:
    """Compare two previews for the same user."""
    previews = (before, after)
    facts = [_facts(preview) for preview in previews]
    attributes = [{a.name: a.values for a in preview.attributes} for preview in previews]
    rows = [
        Difference(name=label, label=label, recorded=facts[0][label], new=facts[1][label])
        for label in facts[0]
    ]
    rows += [
        Difference(
            name=name,
            label=f"Attribute {name}",
            recorded=attributes[0].get(name, ()),
            new=attributes[1].get(name, ()),
        )
        for name in dict.fromkeys((*attributes[0], *attributes[1]))
    ]
    lines = between(_stable_xml(before), _stable_xml(after))
    return AssertionDifference(user=before.user, rows=tuple(rows), xml=tuple(lines))


def preview_upgrade(
    scope: Scope,
    app_id: str,
    *,
    accept: Collection[str],
    user_id: str,
) -> AssertionDifference:
    """Compare what a user gets now and after an upgrade.

    :param accept: names of the parts of the upgrade to apply.
    :raises InputError: when these parts cannot be applied together.
    """
    upgraded = compare.record_after(scope, app_id, accept)
    return compare_previews(
        preview_sign_in(scope, app_id, user_id=user_id),
        preview_application(scope, upgraded, user_id=user_id),
    )


def _facts(preview: Preview) -> dict[str, tuple[str, ...]]:
    sp = preview.application.service_provider
    signed = (("Response", sp.sign_response), ("Assertion", sp.sign_assertion))
    refusals = tuple(refusal.received or str(refusal) for refusal in preview.refusals)
    if not preview.decision.allowed:
        refusals = (preview.decision.sentence, *refusals)
    session = f"{sp.session_lifetime} seconds" if sp.session_lifetime else "The vendor decides"
    return {
        "Sign-in": refusals or ("Works",),
        "NameID": (_name_id(preview),) if preview.name_id else (),
        "NameID format": (str(sp.name_id_format),),
        "Audience": (sp.entity_id,),
        "Sent to": (sp.acs_urls[0],),
        "Signed": tuple(part for part, is_signed in signed if is_signed),
        "Encrypted": (sp.encryption_method.upper() if sp.encrypt_assertions else "No",),
        "Assertion lifetime": (f"{sp.lifetime} seconds",),
        "Maximum SP session": (session,),
    }


def _name_id(preview: Preview) -> str:
    if preview.name_id is None or preview.name_id.format == names.NAMEID_TRANSIENT:
        return _RANDOM
    return preview.name_id.value


def _stable_xml(preview: Preview) -> str:
    """Return the assertion without the parts that are new in every message."""
    xml = _ID.sub("", preview.xml)
    if preview.name_id and preview.name_id.format == names.NAMEID_TRANSIENT:
        xml = xml.replace(preview.name_id.value, _RANDOM)
    return xml
