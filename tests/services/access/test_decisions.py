"""Who has access and why, and the tiles of the SSO Dashboard."""

import itertools
from typing import Any

import pytest
from ssoko.errors import NotFound
from ssoko.services.access import assignments, roles
from ssoko.services.access.decisions import decide, list_access, list_tiles
from ssoko.services.access.gate import gate
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView, create_workspace, update_workspace
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import database


def install(workspace: WorkspaceView, name: str) -> Application:
    """Store an application as an install leaves it, with its default role."""
    slug = name.lower()
    issuer = Issuer.create(workspace=workspace.id, name=name, created_at=1)
    made: Application = Application.create(
        workspace=workspace.id,
        issuer=issuer,
        slug=slug,
        name=name,
        name_key=slug,
        integration="aws",
        monogram=name[:2],
        settings={},
        sp_entity_id="https://sp.test",
        service_provider={},
        mappers=[],
        metadata_fields=[],
        guide="",
        created_at=1,
        updated_at=1,
    )
    Role.create(
        workspace=workspace.id,
        name=f"sso-aws-{name}-role",
        name_key=f"sso-aws-{slug}-role",
        application=made,
        is_default=True,
        created_at=1,
    )
    return made


@pytest.fixture
def aws(workspace: WorkspaceView) -> Application:
    return install(workspace, "AWS")


def give(services: Services, workspace: WorkspaceView, application: Application, **to: Any) -> None:
    role = roles.find_role(workspace.id, f"sso-aws-{application.name}-role")
    assignments.assign_roles(Scope(services, workspace.id, SYSTEM), role_ids=[role.id], **to)


def group_of(services: Services, workspace: WorkspaceView, user: UserView) -> str:
    group = groups.create_group(Scope(services, workspace.id, SYSTEM), name="Engineering")
    groups.add_member(Scope(services, workspace.id, SYSTEM), group.id, user.id)
    return group.id


def test_gate_gives_access_in_one_of_sixty_four_cases() -> None:
    names = (
        "user_active",
        "same_workspace",
        "application_enabled",
        "application_installed",
        "has_role",
        "had_role",
    )
    opened = [
        dict(zip(names, values, strict=True))
        for values in itertools.product((True, False), repeat=6)
        if gate(**dict(zip(names, values, strict=True))) == "ok"
    ]
    assert [case.pop("had_role") for case in opened] == [True, False]
    assert all(all(case.values()) for case in opened)


def code(services: Services, user: UserView, application: Application) -> str:
    workspace_id = application.workspace_id
    return decide(
        Scope(services, workspace_id, SYSTEM), user_id=user.id, application_id=application.id
    ).code


def test_without_a_role_nobody_gets_in(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    decision = decide(Scope(services, workspace.id, SYSTEM), user_id=user.id, application_id=aws.id)
    assert (decision.allowed, decision.code, decision.paths) == (False, "no-role", ())
    assert decision.sentence == "Amina Otieno has no role for AWS. Assign one to give access."
    assert list_tiles(Scope(services, workspace.id, SYSTEM), user.id) == ()


def test_role_gives_access_and_the_decision_names_it(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    give(services, workspace, aws, user_id=user.id)
    decision = decide(Scope(services, workspace.id, SYSTEM), user_id=user.id, application_id=aws.id)
    assert decision.allowed
    assert [path.role.name for path in decision.paths] == ["sso-aws-AWS-role"]
    assert decision.sentence == "Amina Otieno has access through the role sso-aws-AWS-role."


def test_role_of_a_group_gives_access(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    group_id = group_of(services, workspace, user)
    give(services, workspace, aws, group_id=group_id)
    decision = decide(Scope(services, workspace.id, SYSTEM), user_id=user.id, application_id=aws.id)
    assert decision.sentence.endswith("role sso-aws-AWS-role, from the group Engineering.")
    groups.remove_member(Scope(services, workspace.id, SYSTEM), group_id, user.id)
    assert code(services, user, aws) == "no-role"


def test_assignment_expires_at_the_exact_second(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    give(services, workspace, aws, user_id=user.id, expires_at=services.clock() + 60)
    services.clock.advance(seconds=59)
    assert code(services, user, aws) == "ok"
    assert len(list_tiles(Scope(services, workspace.id, SYSTEM), user.id)) == 1
    services.clock.advance(seconds=1)
    decision = decide(Scope(services, workspace.id, SYSTEM), user_id=user.id, application_id=aws.id)
    assert (decision.code, decision.paths, len(decision.lapsed)) == ("role-expired", (), 1)
    assert decision.sentence.startswith("The role sso-aws-AWS-role of Amina Otieno has expired.")
    assert list_tiles(Scope(services, workspace.id, SYSTEM), user.id) == ()


def test_reasons_for_denial_are_reported_in_order(
    scope: Scope, services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    give(services, workspace, aws, user_id=user.id)
    users.update_user(scope, user.id, active=False)
    assert code(services, user, aws) == "user-disabled"
    assert list_tiles(scope, user.id) == ()
    Application.update(enabled=False).execute()
    assert code(services, user, aws) == "application-disabled"
    Application.update(uninstalled_at=1).execute()
    assert code(services, user, aws) == "application-uninstalled"


def test_disabled_application_has_no_tile(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    give(services, workspace, aws, user_id=user.id)
    Application.update(enabled=False).execute()
    assert list_tiles(Scope(services, workspace.id, SYSTEM), user.id) == ()


def test_tiles_are_named_in_order_with_their_soonest_lapse(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    soon, late = services.clock() + 60, services.clock() + 600
    zoom, box = install(workspace, "Zoom"), install(workspace, "Box")
    group_id = group_of(services, workspace, user)
    give(services, workspace, zoom, user_id=user.id, expires_at=soon)
    give(services, workspace, zoom, group_id=group_id, expires_at=late)
    give(services, workspace, aws, user_id=user.id, expires_at=soon)
    give(services, workspace, aws, group_id=group_id)
    give(services, workspace, box, user_id=user.id)
    tiles = list_tiles(Scope(services, workspace.id, SYSTEM), user.id)
    assert [(t.name, t.expires_at) for t in tiles] == [("AWS", None), ("Box", None), ("Zoom", late)]
    assert tiles[0].launch_path == "/w/acme/launch/aws"
    assert (tiles[0].monogram, tiles[0].integration) == ("AW", "aws")
    assert [t.name for t in list_tiles(Scope(services, workspace.id, SYSTEM), user.id, q="ZO")] == [
        "Zoom"
    ]
    assert list_tiles(Scope(services, workspace.id, SYSTEM), user.id, q="%") == ()


def test_tiles_take_one_statement(
    services: Services,
    workspace: WorkspaceView,
    aws: Application,
    user: UserView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("Zoom", "Box"):
        give(services, workspace, install(workspace, name), user_id=user.id)
    statements = []
    execute = database.obj.execute_sql
    monkeypatch.setattr(
        database.obj, "execute_sql", lambda sql, *a, **k: statements.append(sql) or execute(sql, *a)
    )
    assert len(list_tiles(Scope(services, workspace.id, SYSTEM), user.id)) == 2
    assert len(statements) == 1


def test_access_list_has_each_user_once_with_all_assignments(
    scope: Scope,
    services: Services,
    workspace: WorkspaceView,
    aws: Application,
    user: UserView,
    admin: UserView,
) -> None:
    give(services, workspace, aws, user_id=user.id)
    give(services, workspace, aws, group_id=group_of(services, workspace, user))
    give(services, workspace, aws, user_id=admin.id, expires_at=services.clock() + 60)
    gone = users.create_user(scope, username="zed", active=False)
    give(services, workspace, aws, user_id=gone.id)
    users.create_user(scope, username="outsider")
    services.clock.advance(seconds=60)
    page = list_access(scope, aws.id)
    assert [(r.user.username, r.allowed, r.code, len(r.paths)) for r in page.items] == [
        ("amina", True, "ok", 2),
        ("joseph", False, "role-expired", 1),
        ("zed", False, "user-disabled", 1),
    ]
    found = list_access(scope, aws.id, q="otieno")
    assert [row.user.username for row in found.items] == ["amina"]
    first = list_access(scope, aws.id, limit=2)
    rest = list_access(scope, aws.id, limit=2, cursor=first.next)
    assert [row.user.username for row in (*first.items, *rest.items)] == ["amina", "joseph", "zed"]


def test_another_workspace_is_not_there(
    services: Services, workspace: WorkspaceView, aws: Application, user: UserView
) -> None:
    other = create_workspace(services, SYSTEM, slug="other", name="Other")
    stranger = users.create_user(Scope(services, other.id, SYSTEM), username="stranger")
    update_workspace(Scope(services, other.id, SYSTEM), contact="x")
    for ids in (
        {"user_id": stranger.id, "application_id": aws.id},
        {"user_id": user.id, "application_id": "unknown"},
        {"user_id": "\x00", "application_id": aws.id},
    ):
        with pytest.raises(NotFound):
            decide(Scope(services, workspace.id, SYSTEM), **ids)
    with pytest.raises(NotFound):
        list_access(Scope(services, other.id, SYSTEM), aws.id)
    give(services, workspace, aws, user_id=user.id)
    assert list_tiles(Scope(services, other.id, SYSTEM), user.id) == ()
    assert list_tiles(Scope(services, workspace.id, SYSTEM), "\x00") == ()
