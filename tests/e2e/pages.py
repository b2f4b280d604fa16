"""Every page of the site, and a workspace in which each page has content."""

import base64
import json
import urllib.parse
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from . import older_records
from .server import ADMIN, Api, Server, Workspace, sign_in_at
from .service_providers import EMAIL
from .visitor import Visitor

AWS_SETTINGS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/3f2b8c1e-5d74-4a90",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}
PEOPLE = [
    ("amina", "Amina", "Otieno"),
    ("joseph", "Joseph", "Mwangi"),
    ("neema", "Neema", "Kileo"),
    ("lars", "Lars", "Holm"),
    ("long", "Wolfeschlegelsteinhausenbergerdorff", "Featherstonehaugh-Cholmondeley"),
]


#: One page of each kind, tested on every change. A release tests all pages at both widths.
OFTEN = frozenset(
    {
        "sign-in",
        "portal",
        "dashboard",
        "dashboard-new",
        "marketplace",
        "integration-guide",
        "install",
        "application",
        "application-guide",
        "application-metadata",
        "application-mappers",
        "preview",
        "upgrade",
        "uninstall",
        "user-roles-map",
        "user-add-role",
        "role",
        "activity",
        "trace",
        "settings-plugins",
        "refused",
    }
)


@dataclass(frozen=True, slots=True)
class PageState:
    """One page in one state.

    :param name: name of the screenshot.
    :param endpoint: the Flask endpoint of the page.
    :param path: URL path, with names from ``Scene.places`` in braces.
    :param who: a kind of visitor that :meth:`Scene.sign_in` accepts.
    """

    name: str
    endpoint: str
    path: str
    who: str = "admin"
    status: int = 200


PAGES = [
    PageState("start-fresh", "auth.start", "{fresh}/", who="nobody"),
    PageState("start", "auth.start", "{root}/", who="nobody"),
    PageState("setup", "auth.setup", "{setup}", who="nobody"),
    PageState("setup-used", "auth.setup", "{fresh}/setup?code=used", who="nobody", status=404),
    PageState("link", "auth.link", "{link}", who="nobody"),
    PageState("sign-in", "auth.sign_in", "{w}/sign-in", who="nobody"),
    PageState("sign-in-for", "auth.sign_in", "{w}/launch/{app}", who="nobody"),
    PageState("portal", "portal.show", "{w}/dashboard", who="person"),
    PageState("portal-empty", "portal.show", "{empty}/dashboard", who="newcomer"),
    PageState("portal-nothing-found", "portal.show", "{w}/dashboard?q=zzz", who="person"),
    PageState("account", "account.show", "{w}/account", who="person"),
    PageState("dashboard", "home.show", "{w}/"),
    PageState("dashboard-new", "home.show", "{empty}/", who="newcomer"),
    PageState("jump", "home.jump", "{w}/jump?q=a"),
    PageState("jump-empty", "home.jump", "{w}/jump"),
    PageState("know-more", "docs.applications", "{root}/docs/applications"),
    PageState("marketplace", "marketplace.list_integrations", "{w}/marketplace"),
    PageState(
        "marketplace-nothing-found", "marketplace.list_integrations", "{w}/marketplace?q=zzz"
    ),
    PageState("integration", "marketplace.show_integration", "{w}/marketplace/aws"),
    PageState(
        "marketplace-vendor", "marketplace.list_integrations", "{w}/marketplace?vendor=Kilele"
    ),
    PageState(
        "integration-absent", "marketplace.show_integration", "{w}/marketplace/kilele-boards"
    ),
    PageState(
        "integration-too-new", "marketplace.show_integration", "{w}/marketplace/pwani-payroll"
    ),
    PageState("integration-newer", "marketplace.show_integration", "{w}/marketplace/zoom"),
    PageState(
        "integration-guide",
        "marketplace.show_installation_guide",
        "{w}/marketplace/aws/installation",
    ),
    PageState("install", "marketplace.show_install_form", "{w}/marketplace/aws/install"),
    PageState(
        "install-saml", "marketplace.show_install_form", "{w}/marketplace/custom-saml/install"
    ),
    PageState("applications", "applications.list_applications", "{w}/applications"),
    PageState(
        "applications-empty",
        "applications.list_applications",
        "{empty}/applications",
        who="newcomer",
    ),
    PageState("application", "applications.show_overview", "{w}/applications/{app}"),
    PageState("application-guide", "applications.show_guide", "{w}/applications/{app}/guide"),
    PageState(
        "application-metadata", "applications.show_metadata", "{w}/applications/{app}/metadata"
    ),
    PageState("application-access", "applications.show_access", "{w}/applications/{app}/access"),
    PageState(
        "application-mappers", "applications.show_mappers", "{w}/applications/{saml}/mappers"
    ),
    PageState("mapper-new", "applications.add_mapper", "{w}/applications/{saml}/mappers/new"),
    PageState("mapper", "applications.edit_mapper", "{w}/applications/{saml}/mappers/1"),
    PageState("mapper-remove", "applications.remove_mapper", "{saml_mappers}/1/remove"),
    PageState("mappers-reset", "applications.reset_mappers", "{saml_mappers}/proposal"),
    PageState("preview", "applications.preview_assertion", "{saml_mappers}/preview"),
    PageState(
        "preview-nobody", "applications.preview_assertion", "{saml_mappers}/preview?person=zzz"
    ),
    PageState("check", "applications.check_connection", "{w}/applications/{app}/check"),
    PageState("saml-by-hand", "applications.edit_saml_settings", "{w}/applications/{saml}/saml"),
    PageState(
        "application-settings", "applications.edit_settings", "{w}/applications/{app}/settings"
    ),
    PageState("saml-settings", "applications.edit_settings", "{w}/applications/{saml}/settings"),
    PageState(
        "application-refresh", "applications.refresh_application", "{w}/applications/{saml}/refresh"
    ),
    PageState(
        "application-activity", "applications.show_activity", "{w}/applications/{app}/activity"
    ),
    PageState("application-disabled", "applications.show_overview", "{w}/applications/{off}"),
    PageState("application-upgrade", "applications.show_overview", "{w}/applications/{older}"),
    PageState("upgrade", "applications.review_upgrade", "{w}/applications/{older}/upgrade"),
    PageState("upgrade-refused", "applications.review_upgrade", "{w}/applications/{bare}/upgrade"),
    PageState(
        "upgrade-accepted", "applications.review_upgrade", "{w}/applications/{upgraded}/upgrade"
    ),
    PageState("plugin-missing", "applications.show_overview", "{w}/applications/{lost}"),
    PageState(
        "plugin-missing-settings", "applications.edit_settings", "{w}/applications/{lost}/settings"
    ),
    PageState(
        "uninstall", "applications.uninstall_application", "{w}/applications/{app}/uninstall"
    ),
    PageState("users", "users.index", "{w}/users"),
    PageState("users-nothing-found", "users.index", "{w}/users?q=zzz"),
    PageState("user-new", "users.new", "{w}/users/new"),
    PageState("user", "users.details", "{w}/users/{user}"),
    PageState("user-roles", "users.roles", "{w}/users/{user}/roles?view=list"),
    PageState("user-roles-map", "users.roles", "{w}/users/{user}/roles?view=map"),
    PageState("user-add-role", "users.roles", "{w}/users/{other}/roles?add=1"),
    PageState("user-sessions", "users.sessions", "{w}/users/{user}/sessions"),
    PageState("user-activity", "users.activity", "{w}/users/{user}/activity"),
    PageState("user-delete", "users.delete", "{w}/users/{other}/delete"),
    PageState("admins", "users.admins", "{w}/admins"),
    PageState("admins-add", "users.admins", "{w}/admins?add=1"),
    PageState("roles", "roles.index", "{w}/roles"),
    PageState("role-new", "roles.new", "{w}/roles/new"),
    PageState("role", "roles.show", "{w}/roles/{role}"),
    PageState("role-add-people", "roles.show", "{w}/roles/{role}?add=people"),
    PageState("role-add-groups", "roles.show", "{w}/roles/{role}?add=groups"),
    PageState("role-settings", "roles.settings", "{w}/roles/{role}/settings"),
    PageState("role-delete", "roles.delete", "{w}/roles/{own_role}/delete"),
    PageState("groups", "groups.index", "{w}/groups"),
    PageState("groups-empty", "groups.index", "{empty}/groups", who="newcomer"),
    PageState("group-new", "groups.new", "{w}/groups/new"),
    PageState("group", "groups.show", "{w}/groups/{group}"),
    PageState("group-add", "groups.show", "{w}/groups/{group}?add=1"),
    PageState("group-add-role", "groups.roles", "{w}/groups/{group}/roles?add=1"),
    PageState("group-roles", "groups.roles", "{w}/groups/{group}/roles"),
    PageState("group-settings", "groups.settings", "{w}/groups/{group}/settings"),
    PageState("group-paste", "groups.paste_members", "{w}/groups/{group}/members/paste"),
    PageState("group-delete", "groups.delete", "{w}/groups/{group}/delete"),
    PageState("activity", "activity.index", "{w}/activity"),
    PageState("activity-nothing-found", "activity.index", "{w}/activity?q=zzz"),
    PageState("event", "activity.show", "{w}/activity/{event}"),
    PageState("refused-sign-ins", "traces.index", "{w}/traces"),
    PageState("refused-none", "traces.index", "{empty}/traces", who="newcomer"),
    PageState("trace", "traces.show", "{w}/traces/{trace_acs}"),
    PageState("trace-role", "traces.show", "{w}/traces/{trace_role}"),
    PageState("trace-undecoded", "traces.show", "{w}/traces/{trace_base64}"),
    PageState("fix-acs-url", "traces.fix", "{w}/traces/{trace_acs}/fix"),
    PageState("fix-role", "traces.fix", "{w}/traces/{trace_role}/fix"),
    PageState("settings", "settings.show", "{w}/settings"),
    PageState("settings-tokens", "settings.tokens", "{w}/settings/tokens"),
    PageState("settings-issuers", "settings.issuers", "{w}/settings/issuers"),
    PageState("settings-issuer", "settings.issuer", "{w}/settings/issuers/{issuer}"),
    PageState("next-certificate", "applications.show_metadata", "{w}/applications/{saml}/metadata"),
    PageState("switch", "settings.change_key", "{w}/settings/issuers/{issuer}/keys/{key}/activate"),
    PageState("settings-plugins", "settings.plugins", "{w}/settings/plugins"),
    PageState("token-revoke", "settings.revoke_token", "{token}"),
    PageState("refused", "saml.launch", "{w}/launch/{app}", who="stranger", status=403),
    PageState("refused-disabled", "saml.launch", "{w}/launch/{off}", who="stranger", status=403),
    PageState("refused-admin", "saml.launch", "{w}/launch/{app}", status=403),
    PageState(
        "request-unreadable", "saml.login", "{login}?SAMLRequest=%21", who="nobody", status=400
    ),
    PageState("request-forgotten", "saml.resume", "{gone}", who="person", status=400),
    PageState("logout-message-missing", "logout.message", "{logout}", who="person", status=400),
    PageState("forbidden", "users.index", "{w}/users", who="person", status=403),
    PageState("not-found", "", "{w}/nothing-here", status=404),
]

#: GET routes that show no page, with the reason
NO_PAGES = {
    "logout.signing_out": "a step of a sign-out, walked in test_logout.py",
    "assets.show": "a file",
    "healthz": "for machines",
    "livez": "for machines",
    "marketplace.send_logo": "a picture",
    "applications.download_certificate": "a download",
    "applications.download_metadata": "a download",
    "settings.key_certificate": "a download",
    "activity.csv": "a download",
    "home.suggest": "JSON for the dialog of Ctrl-K",
    "saml.metadata": "for machines",
    "saml.metadata_certificate": "a download",
    "saml.metadata_signed": "for machines",
    "settings.certificate": "a download",
    "settings.metadata": "a download",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """The values of the placeholders in the paths, and the workspaces behind them."""

    places: dict[str, str]
    workspace: Workspace
    empty: Workspace

    def sign_in(self, who: str) -> Visitor:
        """Return a visitor that is signed in as ``who``."""
        if who == "nobody":
            return Visitor()
        if who == "newcomer":
            return self.empty.sign_in(ADMIN)
        return self.workspace.sign_in({"admin": ADMIN, "person": "amina", "stranger": "lars"}[who])


def build_scene(workspace: Workspace, empty: Workspace, fresh: Server) -> Scene:
    """Fill a workspace so that every page has content.

    :param fresh: a server that is not set up yet.
    """
    api = workspace.api
    people = {}
    for username, first, last in PEOPLE:
        person = workspace.create_user(username, first_name=first, last_name=last)
        people[username] = person["id"]
    group = api.post("/groups", name="Engineering")
    for username in ("amina", "neema", "long"):
        api.post(f"/groups/{group['id']}/members", user=people[username])
    own_role = api.post("/roles", name="on-call")
    aws, saml, off = _install(workspace, people)
    others = _of_other_versions(workspace, people)
    issuer = api.post("/issuers", name="Shared")
    key = _rotate(api, issuer, aws, saml)
    _leave_traces(workspace, aws)
    # The plugins page shows what changes at the next start, so this server needs a change.
    workspace.server.run("plugins", "disable", "slack")
    traces = {trace["code"]: trace["reference"] for trace in api.items("/traces")}
    login = aws["metadata"]["login_endpoint"]
    places = {
        "root": workspace.server.url,
        "fresh": fresh.url,
        "setup": json.loads(fresh.run("init", "--no-input", "--json"))["setup_url"],
        "link": _sign_in_link(workspace),
        "w": workspace.url,
        "empty": empty.url,
        "app": aws["slug"],
        "saml": saml["slug"],
        "saml_mappers": f"{workspace.url}/applications/{saml['slug']}/mappers",
        "off": off["slug"],
        **others,
        "user": people["amina"],
        "other": people["neema"],
        "role": aws["default_role"]["id"],
        "own_role": own_role["id"],
        "group": group["id"],
        "event": api.items("/events")[0]["id"],
        "issuer": issuer["id"],
        "key": key,
        "token": _revoke_page(workspace),
        "login": login,
        "logout": aws["metadata"]["logout_endpoint"],
        "gone": login.replace("/login", "/continue/gone"),
        "trace_acs": traces["acs-not-registered"],
        "trace_role": traces["no-role"],
        "trace_base64": traces["base64"],
    }
    return Scene(places, workspace, empty)


def _install(workspace: Workspace, people: dict[str, str]) -> tuple[dict, dict, dict]:
    api = workspace.api
    aws = api.post("/applications", integration="aws", name="AWS", settings=AWS_SETTINGS)
    api.post(f"/users/{people['amina']}/roles", role=aws["default_role"]["id"])
    saml = workspace.application(
        "Payroll",
        assign_to=(people["amina"], people["joseph"]),
        entity_id="urn:example:payroll",
        acs_urls=["http://127.0.0.1:9/acs", "http://127.0.0.1:9/other/acs"],
        name_id_format=EMAIL,
        attributes=[
            {"name": "mail", "source": "user.email"},
            {"name": "urn:oid:2.5.4.42", "source": "user.first_name"},
            {"name": "groups", "source": "user.groups"},
        ],
    )
    off = workspace.application(
        "Wiki", entity_id="urn:example:wiki", acs_urls=["http://127.0.0.1:9/wiki"]
    )
    api.patch(f"/applications/{off['id']}", enabled=False)
    return aws, saml, off


def _of_other_versions(workspace: Workspace, people: dict[str, str]) -> dict[str, str]:
    """Install applications whose plugin has another version or is missing."""
    api, slugs = workspace.api, {}
    for name, change in (
        ("older", older_records.older),
        ("bare", older_records.without_settings),
        ("upgraded", older_records.older),
        ("lost", older_records.without_plugin),
    ):
        application = api.post(
            "/applications", integration="aws", name=f"AWS {name}", settings=AWS_SETTINGS
        )
        api.post(f"/users/{people['amina']}/roles", role=application["default_role"]["id"])
        api.patch(f"/roles/{application['default_role']['id']}", description=older_records.OLD_ROLE)
        older_records.rewrite(workspace.server, application["id"], change)
        slugs[name] = application["slug"]
    api.post(f"/applications/{slugs['upgraded']}/upgrade", accept=["mappers", "guide"])
    return slugs


def _rotate(api: Api, issuer: dict[str, Any], aws: dict[str, Any], saml: dict[str, Any]) -> str:
    """Start a rotation of two issuers and complete the one of AWS.

    :returns: the ID of the shared issuer's next key."""
    Visitor().get(saml["metadata"]["metadata_url"])
    api.post(f"/issuers/{saml['issuer']}/keys", algorithm="ec-p256")
    key = api.post(f"/issuers/{aws['issuer']}/keys")
    api.post(f"/issuers/{aws['issuer']}/keys/{key['id']}/activate")
    return api.post(f"/issuers/{issuer['id']}/keys")["id"]


def _sign_in_link(workspace: Workspace) -> str:
    who = ("--workspace", workspace.slug, "--username", "neema")
    return json.loads(workspace.server.run("user", "link", *who, "--json"))["url"]


def _revoke_page(workspace: Workspace) -> str:
    page = workspace.sign_in().get(f"{workspace.url}/settings/tokens")
    (link, *_) = page.document().xpath("//a[contains(@href, '/revoke')]/@href")
    return urllib.parse.urljoin(page.url, link)


def _leave_traces(workspace: Workspace, aws: dict) -> None:
    amina = workspace.sign_in("amina")
    for application in workspace.api.items("/applications"):
        amina.get(application["launch_url"])
    stranger = workspace.sign_in("lars")
    stranger.get(aws["launch_url"])
    endpoint = aws["metadata"]["login_endpoint"]
    elsewhere = AWS_SETTINGS["acs_url"].replace(".signin.aws.amazon.com", ".sso.signin.aws")
    amina.get(f"{endpoint}?SAMLRequest={_authn_request(endpoint, elsewhere)}")
    amina.get(f"{endpoint}?SAMLRequest=%3C{'no-base64-' * 40}")
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")
    sign_in_at(visitor, page, "amina", "not her password")


def _authn_request(destination: str, acs_url: str) -> str:
    """Return a request of AWS with another ACS URL, encoded for a query string."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    xml = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a3f0c1d2" Version="2.0" '
        f'IssueInstant="{now}" Destination="{destination}" '
        f'AssertionConsumerServiceURL="{acs_url}">'
        f"<saml:Issuer>{AWS_SETTINGS['issuer_url']}</saml:Issuer></samlp:AuthnRequest>"
    )
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(xml.encode()) + packer.flush()
    return quote(base64.b64encode(packed).decode(), safe="")
