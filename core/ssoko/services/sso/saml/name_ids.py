"""NameIDs: the identifier of a user at one service provider."""

import secrets
from collections.abc import Callable

from ssoko.errors import AccessRefused
from ssoko.plugin import ServiceProvider
from ssoko.saml import names
from ssoko.saml.response import NameId
from ssoko.services.sso.saml.attributes import UserValues, source_label
from ssoko.store.models.sso import PairwiseId
from ssoko.store.models.table import database


def pairwise(user_id: str, sp_entity_id: str) -> str:
    """Return the persistent NameID of a user at a service provider. Creates it at the first use."""
    known = known_pairwise(user_id, sp_entity_id)
    if known is None:
        with database.atomic():
            # The first insert wins: concurrent sign-ins get the same value. Lowercase
            # hexadecimal stays unique for SPs that compare without case.
            PairwiseId.insert(
                user=user_id, sp_entity_id=sp_entity_id, value=secrets.token_hex(20)
            ).on_conflict_ignore().execute()
            known = known_pairwise(user_id, sp_entity_id)
    return str(known)


def known_pairwise(user_id: str, sp_entity_id: str) -> str | None:
    """Return the persistent NameID of a user at a service provider, if it exists."""
    row = PairwiseId.get_or_none(
        PairwiseId.user == user_id, PairwiseId.sp_entity_id == sp_entity_id
    )
    return row.value if row else None


def name_id_for(
    sp: ServiceProvider,
    user: UserValues,
    *,
    idp_entity_id: str,
    name_id_format: str = "",
    persistent: Callable[[str, str], str] = pairwise,
) -> NameId:
    """Return the NameID of a user for a service provider.

    A ``persistent`` NameID is random and never changes: one for each user and SP entity ID. It is
    created at its first use. A ``transient`` NameID is new each time (SAML core, sections 8.3.7 and
    8.3.8). All other formats have the value of ``name_id_source``. AllowCreate is treated as true,
    since an admin assigned the role.

    :param name_id_format: the format that the request asked for; by default the recorded one.
    :param persistent: returns the persistent NameID for a user ID and an entity ID.
    :raises AccessRefused: code ``name-id-missing``, when the user has no such value.
    """
    form = name_id_format or str(sp.name_id_format)
    kind = names.standard_name_id_format(form)
    if kind == names.NAMEID_PERSISTENT:
        value = persistent(user.user_id, sp.entity_id)
        return NameId(value, form, idp_entity_id, sp.entity_id)
    if kind == names.NAMEID_TRANSIENT:
        return NameId(f"_{secrets.token_hex(16)}", form, idp_entity_id, sp.entity_id)
    source = name_id_source(sp, kind)
    values = user.values(source)
    if not values:
        what = source_label(source)
        raise AccessRefused(
            "name-id-missing",
            f"Your account has no {what}. This application needs it to identify you.",
            received=f"no {what}",
            expected=f"a value for {source}",
            source="The NameID is required (SAML profiles, section 4.1.4.2).",
            fix=f"Fill in the {what} of this user, or choose another NameID source in the "
            "application's SAML settings.",
        )
    return NameId(values[0], form)


def name_id_source(sp: ServiceProvider, kind: str) -> str:
    """Return the source of a NameID: email addresses are asked for by format, not by source.

    :param kind: the format, as the specification names it.
    """
    recorded = names.standard_name_id_format(str(sp.name_id_format))
    source = str(sp.name_id_source)
    if kind == names.NAMEID_EMAIL and kind != recorded and "mail" not in source:
        return "user.email"
    return source
