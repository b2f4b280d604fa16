"""The values that hooks take and give: frozen, their types checked when they are made.

Only types are checked here. What a value says is judged where a plugin answers
(:mod:`ssoko.plugin.host.validate`), so that a value that an older
version recorded can always be read.
"""

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from ssoko.plugin.typecheck import Checked


class NameIdFormat(StrEnum):
    """The NameID formats of SAML core, section 8.3; any other URI may be used as text."""

    EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration(Checked):
    """What the marketplace shows of one integration.

    :param name: as the vendor writes it, such as ``Google Workspace``.
    :param summary: one line on the card: 20 to 80 characters, no full stop, not the name again.
    :param description: Markdown for the Overview tab.
    :param vendor: groups the products of one company; the name when empty.
    :param category: one of :data:`CATEGORIES`.
    :param homepage: https address of the vendor's own documentation.
    :param publisher: who made the plugin.
    :param logo: SVG text of the plugin's own making or licence, or empty for a monogram tile.
    :param monogram: one to three characters for that tile.
    :param aliases: other words that people search for.
    :param requirements: what an admin must have ready, one sentence each.
    :param metadata_file: where the vendor offers its metadata file, for the install page; used
        with the hook ``settings_from_metadata``.
    :param api: version of the hook contract the plugin was written for.
    :param tested_with: range of core versions it was tested with, such as ``0.1``.
    :param certificates_accepted: how the vendor takes a new certificate of ours: ``many`` beside
        each other, only ``one`` at a time, or from our ``metadata``, which it fetches by itself.
    :param certificate_import: the vendor's menus to where a certificate is put in.
    :param certificate_removal: the vendor's menus to where an old one is taken out.
    :param opt_in: listed only where an operator named it in ``SSOKO_OPT_IN_PLUGINS``.
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
    api: str = "1.0"
    tested_with: str = ""
    certificates_accepted: Literal["one", "many", "metadata"] = "one"
    certificate_import: str = ""
    certificate_removal: str = ""
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
    """The vendor's side of an application, recorded when it is installed.

    :param entity_id: the SP's entity ID: any URI or plain word, the assertion's Audience.
    :param acs_urls: where answers may go by HTTP-POST, the default first; compared exactly.
    :param acs_indexes: pairs of (index, ACS URL) for SPs that name the ACS by its number.
    :param name_id_format: URI; see :class:`NameIdFormat`.
    :param name_id_source: where the NameID's value comes from; see :class:`Mapping`.
    :param sign_response: sign the Response.
    :param sign_assertion: sign the Assertion. One of the two must be true.
    :param require_signed_requests: refuse AuthnRequests without a good signature.
    :param encrypt_assertions: encrypt to the first of ``encryption_certificates``, or of
        ``certificates`` when there is none.
    :param encryption_method: how to encrypt; the CBC ones are for old SPs alone, as they do not
        protect the text against change.
    :param certificates: PEM certificates of the SP's signing keys.
    :param encryption_certificates: PEM certificates to encrypt to.
    :param slo_url: where logout messages go, or empty when the vendor offers none.
    :param slo_binding: binding of ``slo_url``.
    :param slo_response_url: where logout responses go, when that is another address.
    :param relay_state: RelayState of an IdP-initiated sign-in.
    :param launch_url: where a tile leads when the vendor only takes SP-initiated sign-in.
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
    lifetime: int = 300
    session_lifetime: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping(Checked):
    """One attribute of the assertion.

    :param name: the attribute's Name.
    :param source: ``user.email``, ``user.username``, ``user.first_name``, ``user.last_name``,
        ``user.display_name``, ``user.id``, ``user.groups``, ``user.roles``,
        ``user.attributes.<key>`` or ``constant:<text>``; all but the last with changes behind
        it, such as ``user.groups|only:eng-*|upper`` (:mod:`ssoko.plugin.sources`).
    :param name_format: URI of the NameFormat, or one of the words ``basic``, ``uri`` and
        ``unspecified``.
    :param friendly_name: shown to people by some SPs.
    :param required: refuse the sign-in of a person who has no value for it.
    :param label: what the attribute is, for the page that shows what the vendor will get.
    """

    name: str
    source: str
    name_format: str = "unspecified"
    friendly_name: str = ""
    required: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataField(Checked):
    """One value of ours that the vendor asks for, in the vendor's words.

    :param key: which value: ``login_endpoint``, ``logout_endpoint``, ``entity_id``,
        ``metadata_url``, ``metadata_file`` or ``certificate``.
    :param label: our name for it, such as ``Login Endpoint``.
    :param paste_into: the vendor's name of the field it goes into; empty when not asked for.
    :param help: one sentence more, when it is needed.
    """

    key: str
    label: str
    paste_into: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRole(Checked):
    """The role that is made with an application; without it nobody gets in.

    :param name: ``{name}`` stands for the application's name.
    :param description: shown where roles are chosen; ``{name}`` works here too.
    """

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Problem(Checked):
    """Something about one field of the install form.

    :param field: name of the field, or empty for the whole form.
    :param message: what to do about it.
    :param level: an ``error`` refuses the form, a ``warning`` is shown beside the application.
    """

    field: str
    message: str
    level: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole(Checked):
    """A role of the application that lets the person in.

    :param attributes: key to a text or a list of texts, as an admin wrote them at the role.
    :param is_default: made with the application.
    """

    name: str
    attributes: MappingType[str, Any] = field(default_factory=dict)
    is_default: bool = False

    def values(self, key: str) -> tuple[str, ...]:
        """Return the texts of one attribute; none when the role does not have it."""
        value = self.attributes.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Checked):
    """A user, as a hook sees one.

    :param roles: names of the roles of this application and of those of none.
    :param application_roles: those that let the person in, with their attributes, by name.
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
    """Where this Ssoko is.

    :param base_url: such as ``https://sso.example.org``, without a slash at the end.
    :param plugin_url: where the plugin's own pages are mounted, the same way.
    """

    base_url: str
    plugin_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApplication(Checked):
    """An application of the plugin's own integration, as its pages may see it.

    :param settings: the install form's values, without the secret ones.
    :param certificates: PEM, the active one first.
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


def _unheard(application_id: str, session_index: str) -> None:
    """Do nothing: nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext(Checked):
    """What the pages of a plugin are given when they are made.

    :param site: where they are mounted.
    :param applications: call it to get the applications of this integration, all workspaces.
    :param accepted: call it with the id of an application and the SessionIndex of an assertion to
        say that the pages accepted it; the application's guide then shows that.
    """

    site: Site
    applications: Callable[[], tuple[WebApplication, ...]]
    accepted: Callable[[str, str], None] = _unheard
