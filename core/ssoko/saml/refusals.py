"""Create the exceptions for messages and requests that Ssoko refuses."""

from ssoko.errors import MessageRefused, RequestRefused

#: Characters that are quoted from a message; more would fill the activity log.
MAX_GOT = 500

#: The fix when there is no specific one.
ASK_VENDOR = "Correct the SAML settings of the service provider, or contact its vendor."


def quoted(value: object) -> str:
    """Return *value* as text of at most ``MAX_GOT`` characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MAX_GOT else text[: MAX_GOT - 1] + "\u2026"


def message_refused(
    code: str,
    message: str,
    *,
    received: object = "",
    expected: str = "",
    source: str = "",
    fix: str = "",
) -> MessageRefused:
    """Return the exception for a message that Ssoko must not respond to."""
    return MessageRefused(
        code,
        message,
        received=quoted(received),
        expected=expected,
        source=source,
        fix=fix or ASK_VENDOR,
    )


def request_refused(
    code: str,
    message: str,
    *,
    status: str,
    responder: bool = False,
    received: object = "",
    expected: str = "",
    source: str = "",
    fix: str = "",
) -> RequestRefused:
    """Return the exception for a request that Ssoko responds to with a SAML *status*."""
    return RequestRefused(
        code,
        message,
        status=status,
        responder=responder,
        received=quoted(received),
        expected=expected,
        source=source,
        fix=fix or ASK_VENDOR,
    )
