"""Compare what an SP asks of the answer with what the answer will say."""

from collections.abc import Collection, Sequence

from . import names
from .refusals import request_refused
from .request import AuthnRequest

#: Context classes from weak to strong, for the comparisons other than ``exact``.
STRENGTH = (
    names.AUTHN_UNSPECIFIED,
    names.AUTHN_PREVIOUS_SESSION,
    names.AUTHN_PASSWORD,
    names.AUTHN_PASSWORD_PROTECTED,
    names.AUTHN_KERBEROS,
    names.AUTHN_TIME_SYNC,
    names.AUTHN_X509,
    names.AUTHN_TLS,
    names.AUTHN_SMARTCARD_PKI,
    names.AUTHN_REFEDS_MFA,
)


def check_name_id_policy(
    request: AuthnRequest, *, name_id_format: str, sp_entity_ids: Collection[str]
) -> None:
    """Refuse a NameID that the SP asks for and does not get.

    :param name_id_format: the format that the application's NameIDs have.
    :param sp_entity_ids: the names by which the SP may qualify its own NameIDs.
    :raises RequestRefused: with InvalidNameIDPolicy.
    """
    asked = request.name_id_format
    if asked not in (None, names.NAMEID_UNSPECIFIED, name_id_format):
        raise request_refused(
            "nameid-format",
            "The request asks for a kind of NameID that this application does not send.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            got=asked,
            expected=name_id_format,
            rule="SAML core, section 3.4.1.1",
            fix="Change the NameID format here, or in the service provider's settings.",
        )
    qualifier = request.sp_name_qualifier
    if qualifier and qualifier not in sp_entity_ids:
        raise request_refused(
            "nameid-qualifier",
            "The request asks for a NameID of another service provider.",
            status=names.STATUS_INVALID_NAMEID_POLICY,
            got=qualifier,
            expected=", ".join(sp_entity_ids),
            rule="SAML core, section 3.4.1.1",
        )


def choose_authn_context(request: AuthnRequest | None, *, satisfied: Sequence[str]) -> str:
    """Return the context class for the answer: one that is true and that the SP accepts.

    :param satisfied: classes that the sign-in satisfies, the most telling one first.
    :raises RequestRefused: with NoAuthnContext.
    """
    if request is None or not request.authn_contexts:
        return satisfied[0]
    asked = request.authn_contexts
    if request.authn_comparison == "exact":
        # Unspecified says nothing about the sign-in, so every sign-in satisfies it.
        fitting = [c for c in asked if c in satisfied or c == names.AUTHN_UNSPECIFIED]
    else:
        fitting = _comparable(asked, request.authn_comparison, satisfied)
    if fitting:
        return fitting[0]
    raise request_refused(
        "authn-context",
        "The request asks for another way to sign in than was used.",
        status=names.STATUS_NO_AUTHN_CONTEXT,
        responder=True,
        got=f"{request.authn_comparison} {', '.join(asked)}",
        expected=", ".join(satisfied),
        rule="SAML core, section 3.3.2.2.1",
        fix="Have the person sign in in that way, or turn the demand off at the service provider.",
    )


def _comparable(asked: Sequence[str], comparison: str, satisfied: Sequence[str]) -> list[str]:
    wanted = [STRENGTH.index(c) for c in asked if c in STRENGTH]
    if not wanted or (comparison == "better" and len(wanted) != len(asked)):
        return []
    ranked = sorted((c for c in satisfied if c in STRENGTH), key=STRENGTH.index, reverse=True)
    tests = {
        "minimum": lambda rank: rank >= min(wanted),
        "better": lambda rank: rank > max(wanted),
        "maximum": lambda rank: rank <= max(wanted),
    }
    return [c for c in ranked if tests[comparison](STRENGTH.index(c))]
