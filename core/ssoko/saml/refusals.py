"""Refusals of the SAML floor: a message or request that is not acceptable, told the same way."""

from ssoko.errors import MessageRefused, RequestRefused

#: Longest quotation of what arrived, in characters; more would fill the activity log.
MAX_GOT = 500

#: The fix where nothing better is known.
ASK_VENDOR = "Correct the SAML settings of the service provider, or ask its vendor."


def quoted(value: object) -> str:
    """Return *value* as text of at most ``MAX_GOT`` characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MAX_GOT else text[: MAX_GOT - 1] + "\u2026"


def message_refused(
    code: str, message: str, *, got: object = "", expected: str = "", rule: str = "", fix: str = ""
) -> MessageRefused:
    """Return the refusal to raise when nothing may be sent to anybody."""
    return MessageRefused(
        code, message, got=quoted(got), expected=expected, rule=rule, fix=fix or ASK_VENDOR
    )


def request_refused(
    code: str,
    message: str,
    *,
    status: str,
    responder: bool = False,
    got: object = "",
    expected: str = "",
    rule: str = "",
    fix: str = "",
) -> RequestRefused:
    """Return the refusal to raise when the SP is to be told with *status*."""
    return RequestRefused(
        code,
        message,
        status=status,
        responder=responder,
        got=quoted(got),
        expected=expected,
        rule=rule,
        fix=fix or ASK_VENDOR,
    )
