"""All errors that Ssoko raises on purpose.

::

    SsokoError
    ├── ConfigError              a setting is missing or unsafe; the process does not start
    ├── MigrationPending         the database is older than the code
    ├── SchemaTooNew             the database is newer than the code
    ├── Unavailable              the database or another part does not respond; try again
    ├── InputError               fields are wrong; ``errors`` names each one
    │   └── Conflict             the value is in use, or the row was changed meanwhile
    ├── NotFound                 the object does not exist in this workspace
    ├── Forbidden                the caller is not allowed to do this
    ├── AuthenticationFailed     wrong username, password, link or token
    ├── TooManyAttempts          wait ``retry_after`` seconds
    ├── PluginError              a plugin fails
    │   ├── PluginInvalid        it cannot be loaded; ``stage`` says at which step
    │   └── HookFailed           one of its hooks raised, or returned the wrong type
    │       └── ProposalRefused  it returned values that the core refuses; also an InputError
    ├── SignInRefused            a plugin has no attributes for this user
    └── Refusal                  a sign-in or sign-out is refused
        ├── MessageRefused       the message cannot be trusted or read; no response is sent
        ├── RequestRefused       the SP's registered ACS URL gets a SAML status
        └── AccessRefused        the user has no access to the application
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class SsokoError(Exception):
    """Base class of all errors that Ssoko raises on purpose. The text can be shown to users."""


class ConfigError(SsokoError):
    """A setting is missing, malformed or unsafe."""


class MigrationPending(SsokoError):
    """The database schema is older than the code."""


class SchemaTooNew(SsokoError):
    """The database schema is newer than the code."""


class Unavailable(SsokoError):
    """A required part, such as the database, does not respond.

    :param cause: why, in a few words without secrets; pages don't show it, ``/healthz`` does.
    :param detail: what the driver said, for the log and the command line.
    """

    def __init__(self, message: str, *, cause: str = "", detail: str = "") -> None:
        self.cause = cause
        self.detail = detail
        super().__init__(message)


class InputError(SsokoError):
    """One or more fields are wrong.

    ``errors`` has both of what follows.

    :param own: field name to messages, which say what to do. ``""`` is the whole form. The keys of
        lists and nested fields are joined by dots: ``attributes.0.name``.
    :param settings: the same for the fields of a plugin's form, which can have the same names.
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
        """Return the error with one message at one field."""
        return cls({field: [message]})

    @classmethod
    def together(cls, wrong: "Iterable[InputError]") -> "InputError":
        """Return one error with the messages of several errors."""
        own: dict[str, list[str]] = {}
        settings: dict[str, list[str]] = {}
        for error in wrong:
            for found, more in ((own, error.own), (settings, error.settings)):
                for name, messages in more.items():
                    found.setdefault(name, []).extend(messages)
        return cls(own, settings)


class Conflict(InputError):
    """The value is already in use, or the row was changed meanwhile."""


class NotFound(SsokoError):
    """The object does not exist in this workspace."""


class Forbidden(SsokoError):
    """The caller is authenticated and not allowed to do this."""


class AuthenticationFailed(SsokoError):
    """The username, password, link or token is wrong. The text does not say which."""


class TooManyAttempts(SsokoError):
    """Too many attempts from this network or for this account.

    :param retry_after: seconds until the next attempt is accepted.
    :param first: it is the first refusal of its kind for some time. Only this one is recorded.
    """

    def __init__(self, message: str, *, retry_after: int, first: bool = False) -> None:
        self.retry_after = retry_after
        self.first = first
        super().__init__(message)


class PluginError(SsokoError):
    """An error of a plugin, not of the user."""


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
    """A plugin returned values for the form that the core refuses.

    The admin can enter other values, so it is an :class:`InputError`. The plugin's form should have
    refused them, so it is also a :class:`HookFailed`.
    """

    def __init__(self, slug: str, hook: str, errors: dict[str, list[str]]) -> None:
        self.slug = slug
        self.hook = hook
        self.own = {}
        self.settings = errors
        self.errors = errors
        Exception.__init__(self, str(InputError(errors)))


class SignInRefused(SsokoError):
    """Raised by the hook ``saml_attributes`` when the user has no value that it needs.

    :param message: one sentence for admins, without secret settings.
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

    #: HTTP status of the error page.
    http = 400

    #: The step at which the sign-in was refused, a key of ``services.sso.trace.STEPS``.
    step = ""

    #: The ACS URL for a SAML status, set after the ACS URL of the request was checked.
    acs_url = ""

    #: Whether the refused request has a verified signature.
    signed = False

    #: The reference that the user sees, set when the refusal is logged.
    reference = ""

    #: Slug and contact of the workspace, ID and name of the application; empty while unknown.
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
    """The request is valid and refused; the SP gets a SAML status.

    :param status: second-level status URI (SAML core, section 3.2.2.2), or the first-level one.
    :param responder: true when the cause is in Ssoko and not in the request.
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
    """The user is signed in and has no access to the application."""

    http = 403
