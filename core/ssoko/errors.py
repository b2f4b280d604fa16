"""Everything that Ssoko raises on purpose.

::

    SsokoError
    ├── ConfigError              a setting is missing or unsafe; the process does not start
    ├── MigrationPending         the database is older than the code
    ├── Unavailable              the database or another part does not respond; try again
    ├── InputError               fields are wrong; ``errors`` names each one
    │   └── Conflict             the same thing is there already
    ├── NotFound                 no such thing in this workspace
    ├── Forbidden                the caller may not do this
    ├── AuthenticationFailed     wrong name, password, link or token
    ├── TooManyAttempts          wait ``retry_after`` seconds
    ├── PluginError              a plugin is at fault
    │   ├── PluginInvalid        it cannot be loaded; ``stage`` says how far it came
    │   └── HookFailed           one of its hooks raised, or returned the wrong type
    │       └── ProposalRefused  it returned values that the core refuses; also an InputError
    ├── SignInRefused            a plugin has nothing true to say of this person
    └── Refusal                  an exchange ends without an assertion
        ├── MessageRefused       the message is not acceptable; no response is sent
        ├── RequestRefused       the SP's registered ACS URL gets a SAML status
        └── AccessRefused        the person may not use this application
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class SsokoError(Exception):
    """Base of every error that Ssoko raises on purpose; the text is fit to show."""


class ConfigError(SsokoError):
    """A setting is missing, malformed or unsafe."""


class MigrationPending(SsokoError):
    """The database schema is older than the code."""


class Unavailable(SsokoError):
    """A part that Ssoko needs does not respond right now."""


class InputError(SsokoError):
    """One or more fields are wrong.

    ``errors`` has both of what follows.

    :param own: field name to messages, each saying what to do. ``""`` is the whole form.
        The keys of lists and nested fields are joined by dots: ``attributes.0.name``.
    :param settings: the same for the fields of a plugin's form, which may have the names of ours.
    """

    def __init__(
        self,
        own: Mapping[str, list[str]],
        settings: Mapping[str, list[str]] = MappingProxyType({}),
    ) -> None:
        self.own = own
        self.settings = settings
        names = (*own, *(name for name in settings if name not in own))
        self.errors = {name: [*own.get(name, ()), *settings.get(name, ())] for name in names}
        errors = self.errors
        super().__init__("; ".join(f"{k}: {m}" if k else m for k, v in errors.items() for m in v))

    @classmethod
    def of(cls, field: str, message: str) -> "InputError":
        """Build the error for one message at one field."""
        return cls({field: [message]})

    @classmethod
    def together(cls, wrong: "Iterable[InputError]") -> "InputError":
        """Build the error for all that several errors say."""
        own: dict[str, list[str]] = {}
        settings: dict[str, list[str]] = {}
        for error in wrong:
            for found, more in ((own, error.own), (settings, error.settings)):
                for name, messages in more.items():
                    found.setdefault(name, []).extend(messages)
        return cls(own, settings)


class Conflict(InputError):
    """The same thing is there already."""


class NotFound(SsokoError):
    """There is no such thing in this workspace."""


class Forbidden(SsokoError):
    """The caller is known, and may not do this."""


class AuthenticationFailed(SsokoError):
    """The name, password, link or token is wrong; the text never says which."""


class TooManyAttempts(SsokoError):
    """Too many tries from this place or for this account.

    :param retry_after: seconds until another try makes sense.
    """

    def __init__(self, message: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class PluginError(SsokoError):
    """A plugin is at fault, never the person who was using it."""


class PluginInvalid(PluginError):
    """A plugin cannot be loaded.

    :param stage: ``import``, ``register`` or ``describe``.
    """

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        super().__init__(message)


class HookFailed(PluginError):
    """A hook raised, or returned the wrong type.

    :param slug: the plugin's integration.
    :param hook: the hook's name.
    """

    def __init__(self, slug: str, hook: str, message: str) -> None:
        self.slug = slug
        self.hook = hook
        super().__init__(f"plugin {slug}, hook {hook}: {message}")


class ProposalRefused(InputError, HookFailed):
    """A plugin turned what was typed into values that core refuses.

    The admin can fix it, so it is an :class:`InputError`; the plugin's form should have refused it
    first, so it is a :class:`HookFailed` as well.
    """

    def __init__(self, slug: str, hook: str, errors: dict[str, list[str]]) -> None:
        self.slug = slug
        self.hook = hook
        self.own = {}
        self.settings = errors
        self.errors = errors
        Exception.__init__(self, str(InputError(errors)))


class SignInRefused(SsokoError):
    """Raised by the hook ``saml_attributes``: what it needs of this person is not there.

    :param message: one sentence for admins; no setting marked as secret belongs into it.
    :param fix: what an admin can do about it.
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        self.fix = fix
        super().__init__(message)


class Refusal(SsokoError):
    """A sign-in or sign-out is refused.

    :param code: stable name of the rule, such as ``acs-not-registered``.
    :param message: one sentence for the user.
    :param received: what was received, shown only to admins.
    :param expected: what would have been accepted.
    :param source: the section of the specification, or the reason in a sentence.
    :param fix: what an admin can do about it.
    """

    #: HTTP status of the page that says so.
    http = 400

    #: The step of the sign-in that refused, a key of ``services.sso.trace.STEPS``.
    step = ""

    #: Where a SAML status may be sent: set once the ACS URL of the request was checked.
    acs_url = ""

    #: Whether the refused request has a verified signature.
    signed = False

    #: The reference that the user is shown, set once the refusal is logged.
    reference = ""

    #: Slug and contact of the workspace, id and name of the application: empty while unknown.
    workspace = ""
    contact = ""
    application_id = ""
    application = ""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        received: str = "",
        expected: str = "",
        source: str = "",
        fix: str = "",
    ) -> None:
        self.code = code
        self.received = received
        self.expected = expected
        self.source = source
        self.fix = fix
        super().__init__(message)


class MessageRefused(Refusal):
    """The message cannot be trusted or read; no response is sent."""


class RequestRefused(Refusal):
    """The request is understood and declined; the SP gets a SAML status.

    :param status: second-level status URI (SAML core, section 3.2.2.2), or the first-level one.
    :param responder: true when the cause is on our side.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: str,
        responder: bool = False,
        received: str = "",
        expected: str = "",
        source: str = "",
        fix: str = "",
    ) -> None:
        self.status = status
        self.responder = responder
        super().__init__(
            code, message, received=received, expected=expected, source=source, fix=fix
        )


class AccessRefused(Refusal):
    """The person is known and may not use this application."""

    http = 403
