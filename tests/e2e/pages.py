"""Every page that a person can open, and a workspace in which each has something to show."""

from dataclasses import dataclass
from typing import Any

from .server import ADMIN, Api, Workspace, sign_in_at
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


@dataclass(frozen=True, slots=True)
class Shown:
    """One page in one state.

    :param name: name of the screenshot.
    :param endpoint: the Flask endpoint that answers.
    :param path: address with the names of :class:`Scene` in braces.
    :param who: ``admin``, ``person`` or ``nobody``.
    """

    name: str
    endpoint: str
    path: str
    who: str = "admin"
    status: int = 200


PAGES = [
    Shown("sign-in", "auth.sign_in", "{w}/sign-in", who="nobody"),
    Shown("portal", "portal.show", "{w}/dashboard", who="person"),
    Shown("portal-empty", "portal.show", "{empty}/dashboard", who="newcomer"),
    Shown("portal-nothing-found", "portal.show", "{w}/dashboard?q=zzz", who="person"),
    Shown("account", "account.show", "{w}/account", who="person"),
    Shown("dashboard", "home.show", "{w}/"),
    Shown("dashboard-new", "home.show", "{empty}/", who="newcomer"),
    Shown("marketplace", "marketplace.index", "{w}/marketplace"),
    Shown("marketplace-nothing-found", "marketplace.index", "{w}/marketplace?q=zzz"),
    Shown("integration", "marketplace.overview", "{w}/marketplace/aws"),
    Shown("integration-guide", "marketplace.installation", "{w}/marketplace/aws/installation"),
    Shown("install", "marketplace.install", "{w}/marketplace/aws/install"),
    Shown("install-saml", "marketplace.install", "{w}/marketplace/custom-saml/install"),
    Shown("applications", "applications.index", "{w}/applications"),
    Shown("applications-empty", "applications.index", "{empty}/applications", who="newcomer"),
    Shown("application", "applications.overview", "{w}/applications/{app}"),
    Shown("application-guide", "applications.guide", "{w}/applications/{app}/guide"),
    Shown("application-metadata", "applications.metadata", "{w}/applications/{app}/metadata"),
    Shown("application-access", "applications.access", "{w}/applications/{app}/access"),
    Shown("application-mappers", "applications.mappers", "{w}/applications/{saml}/mappers"),
    Shown("application-settings", "applications.settings", "{w}/applications/{app}/settings"),
    Shown("saml-settings", "applications.settings", "{w}/applications/{saml}/settings"),
    Shown("application-activity", "applications.activity", "{w}/applications/{app}/activity"),
    Shown("application-disabled", "applications.overview", "{w}/applications/{off}"),
    Shown("uninstall", "applications.uninstall", "{w}/applications/{app}/uninstall"),
    Shown("users", "users.index", "{w}/users"),
    Shown("users-nothing-found", "users.index", "{w}/users?q=zzz"),
    Shown("user-new", "users.new", "{w}/users/new"),
    Shown("user", "users.details", "{w}/users/{user}"),
    Shown("user-roles", "users.roles", "{w}/users/{user}/roles?view=list"),
    Shown("user-roles-map", "users.roles", "{w}/users/{user}/roles?view=map"),
    Shown("user-add-role", "users.roles", "{w}/users/{other}/roles?add=1"),
    Shown("user-sessions", "users.sessions", "{w}/users/{user}/sessions"),
    Shown("user-activity", "users.activity", "{w}/users/{user}/activity"),
    Shown("user-delete", "users.delete", "{w}/users/{other}/delete"),
    Shown("admins", "users.admins", "{w}/admins"),
    Shown("roles", "roles.index", "{w}/roles"),
    Shown("role-new", "roles.new", "{w}/roles/new"),
    Shown("role", "roles.show", "{w}/roles/{role}"),
    Shown("groups", "groups.index", "{w}/groups"),
    Shown("groups-empty", "groups.index", "{empty}/groups", who="newcomer"),
    Shown("group-new", "groups.new", "{w}/groups/new"),
    Shown("group", "groups.show", "{w}/groups/{group}"),
    Shown("activity", "activity.index", "{w}/activity"),
    Shown("activity-nothing-found", "activity.index", "{w}/activity?q=zzz"),
    Shown("event", "activity.show", "{w}/activity/{event}"),
    Shown("settings", "settings.show", "{w}/settings"),
    Shown("settings-tokens", "settings.tokens", "{w}/settings/tokens"),
    Shown("settings-issuers", "settings.issuers", "{w}/settings/issuers"),
    Shown("settings-issuer", "settings.issuer", "{w}/settings/issuers/{issuer}"),
    Shown("next-certificate", "applications.metadata", "{w}/applications/{saml}/metadata"),
    Shown("switch", "settings.change_key", "{w}/settings/issuers/{issuer}/keys/{key}/activate"),
    Shown("settings-plugins", "settings.plugins", "{w}/settings/plugins"),
    Shown("refused", "saml.launch", "{w}/launch/{app}", who="stranger", status=403),
    Shown("forbidden", "users.index", "{w}/users", who="person", status=403),
    Shown("not-found", "", "{w}/nothing-here", status=404),
    Shown("workspaces", "home.root", "{root}/", who="nobody"),
]

#: GET routes that show no page of ours, and why
NO_PAGES = {
    "static": "a file",
    "marketplace.logo": "a picture",
    "applications.certificate": "a download",
    "applications.metadata_xml": "a download",
    "settings.key_certificate": "a download",
    "activity.csv": "a download",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the placeholders of the paths stand for, and who is who."""

    places: dict[str, str]
    workspace: Workspace
    empty: Workspace

    def sign_in(self, who: str) -> Visitor:
        """Return a signed-in visitor who plays ``who``."""
        if who == "nobody":
            return Visitor()
        if who == "newcomer":
            return self.empty.sign_in(ADMIN)
        return self.workspace.sign_in({"admin": ADMIN, "person": "amina", "stranger": "lars"}[who])


def build_scene(workspace: Workspace, empty: Workspace) -> Scene:
    """Fill a workspace so that every page has something to show."""
    api = workspace.api
    people = {}
    for username, first, last in PEOPLE:
        person = workspace.person(username, first_name=first, last_name=last)
        people[username] = person["id"]
    group = api.post("/groups", name="Engineering")
    for username in ("amina", "neema", "long"):
        api.post(f"/groups/{group['id']}/members", user=people[username])
    aws = api.post("/applications", integration="aws", name="AWS", settings=AWS_SETTINGS)
    saml = workspace.application(
        "Payroll",
        give_to=(people["amina"], people["joseph"]),
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
    api.post(f"/users/{people['amina']}/roles", role=aws["default_role"]["id"])
    issuer = api.post("/issuers", name="Shared")
    key = api.post(f"/issuers/{issuer['id']}/keys")
    _fetch(saml)
    api.post(f"/issuers/{saml['issuer']}/keys", algorithm="ec-p256")
    _switch(api, aws["issuer"])
    _leave_traces(workspace)
    places = {
        "root": workspace.server.url,
        "w": workspace.url,
        "empty": empty.url,
        "app": aws["slug"],
        "saml": saml["slug"],
        "off": off["slug"],
        "user": people["amina"],
        "other": people["neema"],
        "role": aws["default_role"]["id"],
        "group": group["id"],
        "issuer": issuer["id"],
        "key": key["id"],
        "event": api.items("/events")[0]["id"],
    }
    return Scene(places, workspace, empty)


def _fetch(application: dict[str, Any]) -> None:
    Visitor().get(application["metadata"]["metadata_url"])


def _switch(api: Api, issuer: str) -> None:
    made = api.post(f"/issuers/{issuer}/keys")
    api.post(f"/issuers/{issuer}/keys/{made['id']}/activate")


def _leave_traces(workspace: Workspace) -> None:
    amina = workspace.sign_in("amina")
    for application in workspace.api.items("/applications"):
        amina.get(application["launch_url"])
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")
    sign_in_at(visitor, page, "amina", "not her password")
