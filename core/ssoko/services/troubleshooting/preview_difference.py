"""What two records of one application would tell about one person, beside each other."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ssoko.saml import names
from ssoko.services.applications.differences import Difference
from ssoko.services.applications.upgrades import compare
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting.preview import Rehearsal, rehearse, rehearse_record
from ssoko.text.line_difference import Line, between

#: New in every message, so never a difference.
_ID = re.compile(r' ID="[^"]*"')
_RANDOM = "random-and-new-at-each-sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionDifference:
    """The answer that a person gets now, and the one that they would get.

    :param rows: all that is worth comparing; those that are the same have equal sides.
    :param xml: lines of the unsigned assertion; none when they are the same.
    """

    user: UserView
    rows: tuple[Difference, ...]
    xml: tuple[Line, ...]

    @property
    def changed(self) -> tuple[Difference, ...]:
        """The rows whose sides differ."""
        return tuple(one for one in self.rows if one.recorded != one.new)

    @property
    def same(self) -> tuple[Difference, ...]:
        """The other rows."""
        return tuple(one for one in self.rows if one.recorded == one.new)


def differences(now: Rehearsal, then: Rehearsal) -> AssertionDifference:
    """Compare two rehearsals of the same person."""
    sides = [_facts(one) for one in (now, then)]
    attributes = [{a.name: a.values for a in one.attributes} for one in (now, then)]
    rows = [
        Difference(name=label, label=label, recorded=sides[0][label], new=sides[1][label])
        for label in sides[0]
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
    return AssertionDifference(
        user=now.user, rows=tuple(rows), xml=tuple(between(_settled(now), _settled(then)))
    )


def of_upgrade(
    services: Services,
    workspace_id: str,
    app_id: str,
    *,
    accept: Collection[str],
    user_id: str,
) -> AssertionDifference:
    """Compare what a user would get now and after these parts of an upgrade were accepted.

    :raises InputError: when the parts do not go together.
    """
    then = compare.record_after(Scope(services, workspace_id, SYSTEM), app_id, accept)
    return differences(
        rehearse(services, workspace_id, app_id, user_id=user_id),
        rehearse_record(services, workspace_id, then, user_id=user_id),
    )


def _facts(one: Rehearsal) -> dict[str, tuple[str, ...]]:
    sp = one.application.service_provider
    signed = [
        w
        for w, is_so in (("Response", sp.sign_response), ("Assertion", sp.sign_assertion))
        if is_so
    ]
    refused = tuple(refusal.got or str(refusal) for refusal in one.refusals)
    if not one.decision.allowed:
        refused = (one.decision.sentence, *refused)
    session = f"{sp.session_lifetime} seconds" if sp.session_lifetime else "The vendor decides"
    return {
        "Sign-in": refused or ("Works",),
        "NameID": (_name_id(one),) if one.name_id else (),
        "NameID format": (str(sp.name_id_format),),
        "Audience": (sp.entity_id,),
        "Sent to": (sp.acs_urls[0],),
        "Signed": tuple(signed),
        "Encrypted": (sp.encryption_method.upper() if sp.encrypt_assertions else "No",),
        "Valid for": (f"{sp.lifetime} seconds",),
        "Longest session": (session,),
    }


def _name_id(one: Rehearsal) -> str:
    if one.name_id is None or one.name_id.format == names.NAMEID_TRANSIENT:
        return _RANDOM
    return one.name_id.value


def _settled(one: Rehearsal) -> str:
    """Return the assertion without what is new in every message."""
    text = _ID.sub("", one.xml)
    if one.name_id and one.name_id.format == names.NAMEID_TRANSIENT:
        text = text.replace(one.name_id.value, _RANDOM)
    return text
