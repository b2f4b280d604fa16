"""Marketplace, applications and issuers over the API."""

from ..conftest import Api

ACS = "https://wiki.test/acs"


def install(api: Api, name: str = "Wiki", **settings: object) -> dict:
    body = {"acs_url": f"{ACS}/{name}", **settings}
    return api.create("/applications", integration="wiki", name=name, settings=body)


def test_the_marketplace_lists_what_is_installed_as_plugins(api: Api) -> None:
    assert [one["slug"] for one in api.items("/integrations")] == ["wiki"]
    assert [one["slug"] for one in api.items("/integrations?q=WIKI")] == ["wiki"]
    assert api("GET", "/integrations/nothing").status_code == 404


def test_an_integration_shows_its_form_as_json_schema(api: Api) -> None:
    form = api("GET", "/integrations/wiki").json["form"]
    assert form["type"] == "object"
    assert form["required"] == ["acs_url"]
    acs_url = form["properties"]["acs_url"]
    assert (acs_url["title"], acs_url["description"]) == ("ACS URL", "Where responses are sent.")
    assert acs_url["format"] == "url"
    assert form["properties"]["api_key"]["writeOnly"] is True


def test_plugins_are_listed_with_what_is_the_matter(api: Api) -> None:
    found = {one["slug"]: one for one in api.items("/plugins")}
    assert (found["wiki"]["state"], found["wiki"]["version"]) == ("loaded", "2.0")
    assert (found["luckless"]["state"], found["luckless"]["stage"]) == ("broken", "import")
    assert "luck" in found["luckless"]["message"]


def test_a_plugin_is_listed_with_its_source_and_its_applications(api: Api) -> None:
    api.create("/applications", integration="wiki", name="Wiki", settings={"acs_url": ACS})
    found = {one["slug"]: one for one in api.items("/plugins")}
    # The plugin of these tests is on no disk; the one for Zoom is, and was not loaded.
    wiki, zoom = found["wiki"], found["zoom"]
    assert (wiki["applications"], wiki["name"], wiki["source"]) == (1, "Wiki", None)
    assert wiki["restart"] == "uninstalled, restart to remove"
    assert (zoom["state"], zoom["restart"]) == ("found", "restart to activate")
    assert zoom["source"] in {"editable", "local", "index"}


def test_an_installed_application_has_all_that_its_service_provider_needs(api: Api) -> None:
    answer = api(
        "POST",
        "/applications",
        {"integration": "wiki", "name": "Wiki", "settings": {"acs_url": ACS}},
    )
    assert answer.status_code == 201
    made = answer.json
    assert answer.headers["Location"] == f"/api/v1/workspaces/acme/applications/{made['id']}"
    assert (made["slug"], made["integration"], made["enabled"]) == ("wiki", "wiki", True)
    assert made["settings"]["acs_url"] == ACS
    assert made["default_role"]["name"] == "sso-wiki-Wiki-role"
    assert made["launch_url"] == "http://localhost:8000/w/acme/launch/wiki"
    issuer = f"http://localhost:8000/saml/{made['issuer']}"
    assert made["metadata"]["login_endpoint"] == f"{issuer}/login"
    assert made["metadata"]["metadata_url"] == made["metadata"]["entity_id"] == f"{issuer}/metadata"
    assert made["metadata"]["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert api("GET", f"/applications/{made['id']}").json == made
    assert api("GET", "/applications/wiki").json == made
    assert api.items("/applications") == [made]


def test_settings_that_are_wrong_are_named_and_nothing_is_installed(api: Api) -> None:
    for settings, field in (
        ({}, "acs_url"),
        ({"acs_url": "nowhere"}, "acs_url"),
        ({"acs_url": ACS, "colour": "red"}, "colour"),
        ({"acs_url": ACS, "plan": "gold"}, "plan"),
    ):
        body = {"integration": "wiki", "name": "Wiki", "settings": settings}
        answer = api("POST", "/applications", body)
        assert answer.status_code == 422, answer.text
        assert list(answer.json["errors"]) == [field]
    assert api.items("/applications") == []
    assert api.items("/roles") == []


def test_an_unknown_integration_or_issuer_is_an_error_of_the_field(api: Api) -> None:
    body = {"integration": "wiki", "name": "Wiki", "settings": {"acs_url": ACS}}
    unknown = api("POST", "/applications", body | {"integration": "nothing"})
    assert (unknown.status_code, list(unknown.json["errors"])) == (422, ["integration"])
    elsewhere = api("POST", "/applications", body | {"issuer": "nothing"})
    assert (elsewhere.status_code, list(elsewhere.json["errors"])) == (422, ["issuer"])


def test_a_secret_setting_goes_in_and_never_comes_out(api: Api) -> None:
    made = install(api, api_key="open-sesame")
    for path in ("/applications", f"/applications/{made['id']}", "/events"):
        assert "open-sesame" not in api("GET", path).text
    assert "api_key" not in made["settings"]


def test_a_change_leaves_the_rest_as_it_was(api: Api) -> None:
    made = install(api)
    renamed = api("PATCH", f"/applications/{made['id']}", {"name": "Handbook"}).json
    assert renamed | {"name": "", "updated_at": ""} == made | {"name": "", "updated_at": ""}
    disabled = api("PATCH", f"/applications/{made['id']}", {"enabled": False}).json
    assert (disabled["enabled"], disabled["state"]) == (False, "disabled")
    moved = api("PATCH", f"/applications/{made['id']}", {"settings": {"acs_url": f"{ACS}/new"}})
    assert moved.json["settings"]["acs_url"] == f"{ACS}/new"
    assert moved.json["metadata"] == made["metadata"]
    wrong = api("PATCH", f"/applications/{made['id']}", {"settings": {"acs_url": "nowhere"}})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["acs_url"])


def test_an_uninstalled_application_is_gone(api: Api) -> None:
    made = install(api)
    assert api("DELETE", f"/applications/{made['id']}").status_code == 204
    assert api("GET", f"/applications/{made['id']}").status_code == 404
    assert api("DELETE", f"/applications/{made['id']}").status_code == 404
    assert api.items("/applications") == []
    install(api)


def test_applications_are_filtered_by_state(api: Api) -> None:
    made = install(api)
    install(api, "Other")
    api("PATCH", f"/applications/{made['id']}", {"enabled": False})
    assert [one["name"] for one in api.items("/applications?state=disabled")] == ["Wiki"]
    assert api("GET", "/applications?state=odd").status_code == 422


def test_mappings_are_read_and_replaced(api: Api) -> None:
    path = f"/applications/{install(api)['id']}/mappers"
    assert [one["name"] for one in api.items(path)] == ["mail"]
    wanted = [
        {"name": "groups", "source": "user.groups", "name_format": "basic"},
        {"name": "tier", "source": "constant:gold", "required": True},
    ]
    for body in (wanted, {"items": wanted}, {"attributes": wanted}):
        answer = api("PUT", path, body)
        assert answer.status_code == 200, answer.text
        assert [one["source"] for one in answer.json["items"]] == ["user.groups", "constant:gold"]
    assert api.items(path)[1]["required"] is True


def test_a_wrong_mapping_is_named_by_its_place_and_nothing_changes(api: Api) -> None:
    path = f"/applications/{install(api)['id']}/mappers"
    missing = api("PUT", path, [{"name": "a", "source": "user.email"}, {"name": "b"}])
    assert (missing.status_code, list(missing.json["errors"])) == (422, ["mappers.1.source"])
    unknown = api("PUT", path, [{"name": "a", "source": "user.shoe_size"}])
    assert (unknown.status_code, list(unknown.json["errors"])) == (422, ["mappers.0.source"])
    assert api("PUT", path, {"rows": []}).status_code == 422
    assert [one["name"] for one in api.items(path)] == ["mail"]


def test_a_shared_issuer_serves_several_applications(api: Api) -> None:
    issuer = api.create("/issuers", name="Everything at Example")
    assert issuer["shared"] is True
    made = [
        api.create(
            "/applications",
            integration="wiki",
            name=name,
            issuer=issuer["id"],
            settings={"acs_url": f"{ACS}/{name}"},
        )
        for name in ("One", "Two")
    ]
    assert [one["issuer"] for one in made] == [issuer["id"]] * 2
    assert made[0]["metadata"] == made[1]["metadata"] == issuer["metadata"]
    assert api("GET", f"/issuers/{issuer['id']}").json["application_count"] == 2
    assert issuer["id"] in {one["id"] for one in api.items("/issuers")}


def test_the_api_describes_itself(api: Api) -> None:
    spec = api.client.get("/api/v1/openapi.json").json
    users = spec["paths"]["/api/v1/workspaces/{workspace}/users"]
    assert set(users) == {"get", "post"}
    assert "username" in str(users["post"]["requestBody"]) or "NewUser" in str(users["post"])
