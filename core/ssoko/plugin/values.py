"""The values that hooks receive and return: frozen, with types checked at creation.

Only types are checked here. The contents are validated when a hook returns
(:mod:`ssoko.plugin.host.validate`), so that values recorded by an older version can always be
read.
"""

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from ssoko.plugin.typecheck import Checked

#: Values of the install form, as the schema loaded them; read-only.
Settings = MappingType[str, Any]


class NameIdFormat(StrEnum):
    """The NameID formats of SAML core, section 8.3; any other URI may be used as text.

    With ``UNSPECIFIED`` the request decides: it may ask for an email address, a persistent or a
    transient NameID. Any other format is a promise, and requests for another one are refused.
    """

    EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
    WINDOWS = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName"
    KERBEROS = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
    ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Checked):
    """Something about the vendor that the plugin relies on.

    For the plugin's maintainers; no page shows it.

    :param claim: one sentence without a full stop.
    :param verified: date of the last comparison with the source, such as ``2026-11-28``; empty
        when it was not compared.
    :param source: https URL of the vendor's page.
    """

    claim: str
    verified: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration(Checked):
    """What the marketplace shows of one integration.

    :param name: as the vendor writes it, such as ``Google Workspace``.
    :param summary: one line on the card: 20 to 80 characters, no full stop, not the name again.
    :param description: Markdown for the Overview tab. By default the file ``description.md``
        beside the module.
    :param vendor: groups the products of one company; the name when empty.
    :param category: one of :data:`CATEGORIES`.
    :param homepage: https URL of the vendor's documentation.
    :param publisher: author of the plugin.
    :param logo: SVG text that you own or may use. By default the file ``logo.svg`` beside the
        module; without either, a monogram is shown.
    :param monogram: one to three characters, shown where there is no logo.
    :param aliases: other search terms.
    :param requirements: what an admin needs before the installation, one sentence each.
    :param metadata_file: where the vendor offers its metadata file, for the install page; used
        with the hook ``settings_from_metadata``.
    :param metadata_hosts: pattern of the vendor's hosts, or of whole entity IDs. Metadata whose
        entity ID and ACS URLs all differ from it is refused as that of another vendor.
    :param api: version of the hook contract that the plugin was written for.
    :param tested_with: core versions that it was tested with, such as ``0.1, 0.2``.
    :param certificates_accepted: how the vendor accepts a new signing certificate: ``many`` at the
        same time, only ``one`` at a time, or from the ``metadata``, which it fetches regularly.
    :param certificate_import: the vendor's menu path to import a certificate.
    :param certificate_removal: the vendor's menu path to remove an old certificate.
    :param facts: what the plugin relies on, with the date when it was verified.
    :param formerly: earlier slugs of the integration. Applications that were installed under them
        move to it when an admin accepts its update.
    :param opt_in: loaded only where an operator lists it in ``SSOKO_OPT_IN_PLUGINS``.
    """

    name: str
    summary: str
    description: str = ""
    vendor: str = ""
    category: str = "Other"
    homepage: str = ""
    publisher: str = ""
    logo: str = ""
    monogram: str = ""
    aliases: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    metadata_file: str = ""
    metadata_hosts: str = ""
    api: str = "1.0"
    tested_with: str = ""
    certificates_accepted: Literal["one", "many", "metadata"] = "one"
    certificate_import: str = ""
    certificate_removal: str = ""
    facts: tuple[Fact, ...] = ()
    formerly: tuple[str, ...] = ()
    opt_in: bool = False


#: What the marketplace can be filtered by.
CATEGORIES = (
    "Cloud",
    "Collaboration",
    "Development",
    "Finance",
    "Generic",
    "Human resources",
    "Monitoring",
    "Productivity",
    "Sales and support",
    "Security",
    "Other",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider(Checked):
    """The service provider of an application, recorded when it is installed.

    :param entity_id: the SP's entity ID: any URI or plain word, the assertion's Audience.
    :param acs_urls: ACS URLs for HTTP-POST, the default first; compared exactly.
    :param acs_indexes: pairs of (index, ACS URL) for requests with AssertionConsumerServiceIndex.
    :param name_id_format: URI; see :class:`NameIdFormat`.
    :param name_id_source: source of the NameID's value; see :class:`Mapping`. Persistent and
        transient NameIDs are random.
    :param sign_response: sign the Response.
    :param sign_assertion: sign the Assertion. One of the two must be true.
    :param require_signed_requests: refuse AuthnRequests without a valid signature.
    :param encrypt_assertions: encrypt with the first of ``encryption_certificates``, or of
        ``certificates`` when there is none.
    :param encryption_method: encryption algorithm; use CBC only for old SPs, as it does not detect
        tampering.
    :param certificates: PEM certificates of the SP's signing keys.
    :param encryption_certificates: PEM certificates of the SP's encryption keys.
    :param slo_url: single logout URL, or empty when the vendor offers none.
    :param slo_binding: binding of ``slo_url``.
    :param slo_response_url: URL for logout responses, when it differs from ``slo_url``.
    :param relay_state: RelayState of an IdP-initiated sign-in.
    :param launch_url: URL that a tile opens when the vendor accepts SP-initiated sign-in only.
    :param idp_initiated: a tile or launch link may start a sign-in. Without it and ``launch_url``,
        users start at the vendor.
    :param lifetime: seconds from issue to ``NotOnOrAfter``, 60 to 3600.
    :param session_lifetime: seconds for ``SessionNotOnOrAfter``, or 0 to leave it out.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    acs_indexes: tuple[tuple[int, str], ...] = ()
    name_id_format: str = NameIdFormat.UNSPECIFIED
    name_id_source: str = "user.email"
    sign_response: bool = True
    sign_assertion: bool = True
    require_signed_requests: bool = False
    encrypt_assertions: bool = False
    encryption_method: Literal["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"] = (
        "aes256-gcm"
    )
    certificates: tuple[str, ...] = ()
    encryption_certificates: tuple[str, ...] = ()
    slo_url: str = ""
    slo_binding: Literal["redirect", "post"] = "redirect"
    slo_response_url: str = ""
    relay_state: str = ""
    launch_url: str = ""
    idp_initiated: bool = True
    lifetime: int = 300
    session_lifetime: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping(Checked):
    """One attribute of the assertion.

    :param name: the attribute's Name.
    :param source: ``user.email``, ``user.username``, ``user.first_name``, ``user.last_name``,
        ``user.display_name``, ``user.id``, ``user.groups``, ``user.roles``,
        ``user.attributes.<key>`` or ``constant:<text>``; all but the last may be followed by
        transformations: ``user.groups|only:eng-*|upper`` (:mod:`ssoko.plugin.sources`).
    :param name_format: URI of the NameFormat, or ``basic``, ``uri`` or ``unspecified``.
    :param friendly_name: FriendlyName, which some SPs show.
    :param required: refuse the sign-in of a user who has no value for it.
    :param label: name of the attribute on the page with the attributes that the vendor gets.
    """

    name: str
    source: str
    name_format: str = "unspecified"
    friendly_name: str = ""
    required: bool = False
    label: str = ""


#: Values of Ssoko that a vendor may ask for, with their names on pages.
METADATA_LABELS = {
    "login_endpoint": "Login Endpoint",
    "logout_endpoint": "Logout Endpoint",
    "entity_id": "Entity ID",
    "metadata_url": "Metadata URL",
    "metadata_file": "Metadata file",
    "certificate": "Certificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataField(Checked):
    """One value of Ssoko that the vendor asks for, in the vendor's words.

    :param key: which value: a key of :data:`METADATA_LABELS`.
    :param label: the name on Ssoko's pages; by default that of :data:`METADATA_LABELS`.
    :param paste_into: the vendor's name of the field; empty where the vendor does not ask for it.
    :param help: one more sentence, where needed.
    """

    key: str
    label: str = ""
    paste_into: str = ""
    help: str = ""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if not self.label:
            object.__setattr__(self, "label", METADATA_LABELS.get(self.key, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRole(Checked):
    """The role that is created with an application; only users with the role have access.

    :param name: ``{name}`` is replaced by the application's name.
    :param description: shown where roles are listed; ``{name}`` is replaced here too.
    """

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Problem(Checked):
    """An error or a warning about one field of the install form.

    :param field: name of the field, or empty for the whole form.
    :param message: what is wrong and what to do.
    :param level: an ``error`` refuses the form, a ``warning`` is shown with the application.
    """

    field: str
    message: str
    level: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole(Checked):
    """A role of the application that gives the user access.

    :param attributes: key to a text or a list of texts, as entered on the role's page.
    :param is_default: created with the application.
    """

    name: str
    attributes: MappingType[str, Any] = field(default_factory=dict)
    is_default: bool = False

    def values(self, key: str) -> tuple[str, ...]:
        """Return the texts of one attribute; empty when the role does not have it."""
        value = self.attributes.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Checked):
    """The user who signs in.

    :param roles: names of the user's roles: those of this application and those that belong to no
        application.
    :param application_roles: the roles of this application, with their attributes, by name.
    """

    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    attributes: MappingType[str, Any] = field(default_factory=dict)
    application_roles: tuple[HeldRole, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAttribute(Checked):
    """One attribute of an assertion, with its values."""

    name: str
    values: tuple[str, ...]
    name_format: str = "unspecified"
    friendly_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Checked):
    """The URLs of this Ssoko.

    :param base_url: such as ``https://sso.example.org``, without a slash at the end.
    :param plugin_url: URL of the plugin's own pages, without a slash at the end.
    """

    base_url: str
    plugin_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApplication(Checked):
    """An application of the plugin's integration, for the plugin's own pages.

    :param settings: the install form's values, without the secret ones.
    :param certificates: signing certificates in PEM, the active one first.
    """

    id: str
    workspace: str
    name: str
    enabled: bool
    settings: MappingType[str, Any]
    entity_id: str
    login_endpoint: str
    logout_endpoint: str
    launch_url: str
    certificates: tuple[str, ...]


def _ignore(application_id: str, session_index: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext(Checked):
    """What the pages of a plugin can use.

    :param site: the URLs of this Ssoko and of the pages.
    :param applications: returns the applications of this integration in all workspaces.
    :param accepted: call it with the id of an application and the SessionIndex of an assertion
        when the pages accept the assertion; the application's guide then shows it.
    """

    site: Site
    applications: Callable[[], tuple[WebApplication, ...]]
    accepted: Callable[[str, str], None] = _ignore
