"""Roles and their assignments: assign, expire, inherit from groups, remove."""

import threading
from collections.abc import Callable

import pytest
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.access import roles
from ssoko.services.access.assignments import (
    LATEST,
    assign_roles,
    assignments_of_group,
    assignments_of_role,
    assignments_of_user,
    remove_role,
)
from ssoko.services.access.roles import (
    RoleView,
    create_role,
    delete_role,
    find_role,
    get_role,
    list_roles,
    update_role,
)
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView, create_workspace
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import database


@pytest.fixture
def role(scope: Scope) -> RoleView:
    return create_role(scope, name="Auditors", description="May look")


@pytest.fixture
def application(workspace: WorkspaceView) -> Application:
    """Return AWS as an install leaves it, with its default role."""
    issuer = Issuer.create(workspace=workspace.id, name="AWS", created_at=1)
    made: Application = Application.create(
        workspace=workspace.id,
        issuer=issuer,
        slug="aws",
        name="AWS",
        name_key="aws",
        integration="aws",
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
        name="sso-aws-AWS-role",
        name_key="sso-aws-aws-role",
        application=made,
        is_default=True,
        created_at=1,
    )
    return made


def events(services: Services, workspace: WorkspaceView) -> list[str]:
    return [event.action for event in log.list_events(Scope(services, workspace.id, SYSTEM)).items]


def test_role_is_found_by_id_and_name(
    services: Services, workspace: WorkspaceView, role: RoleView
) -> None:
    assert get_role(workspace.id, role.id) == role
    assert find_role(workspace.id, role.id) == role
    assert find_role(workspace.id, "AUDITORS") == role
    assert events(services, workspace)[0] == "role.created"
    for unknown in ("nobody", "", "\x00", "x" * 500, "Audi\u200btors"):
        with pytest.raises(NotFound):
            find_role(workspace.id, unknown)


def test_all_invalid_fields_are_reported_at_once(scope: Scope, role: RoleView) -> None:
    with pytest.raises(InputError) as refused:
        create_role(
            scope,
            name="",
            description="x" * 501,
            attributes={"a b": "x"},
        )
    assert sorted(refused.value.errors) == ["attributes", "description", "name"]
    with pytest.raises(Conflict):
        create_role(scope, name="auditors")
    with pytest.raises(InputError) as refused:
        create_role(scope, name="New", application_id="unknown")
    assert list(refused.value.errors) == ["application_id"]


def test_role_can_be_changed_and_deleted(
    scope: Scope, services: Services, workspace: WorkspaceView, role: RoleView
) -> None:
    changed = update_role(scope, role.id, name="Readers", attributes={"level": "1"})
    assert (changed.name, changed.description) == ("Readers", "May look")
    assert changed.attributes == {"level": "1"}
    delete_role(scope, role.id)
    assert events(services, workspace)[:2] == ["role.deleted", "role.changed"]
    with pytest.raises(NotFound):
        get_role(workspace.id, role.id)


def test_default_role_cannot_be_moved_or_deleted(
    scope: Scope, workspace: WorkspaceView, application: Application
) -> None:
    default = find_role(workspace.id, "sso-aws-AWS-role")
    assert (default.application_id, default.application_name) == (application.id, "AWS")
    with pytest.raises(Conflict, match="default role of AWS"):
        delete_role(scope, default.id)
    with pytest.raises(Conflict):
        update_role(scope, default.id, application_id=None)


def test_another_role_may_open_an_application_and_stop(
    scope: Scope,
    workspace: WorkspaceView,
    application: Application,
    role: RoleView,
) -> None:
    opened = update_role(scope, role.id, application_id=application.id)
    assert opened.application_name == "AWS"
    assert [r.name for r in list_roles(workspace.id, application_id=application.id).items] == [
        "Auditors",
        "sso-aws-AWS-role",
    ]
    closed = update_role(scope, role.id, application_id=None)
    assert closed.application_id is None


def test_roles_are_searched_by_their_and_their_applications_name(
    services: Services, workspace: WorkspaceView, application: Application, role: RoleView
) -> None:
    assert [r.name for r in list_roles(workspace.id, q="aws role").items] == ["sso-aws-AWS-role"]
    assert [r.name for r in list_roles(workspace.id, q="audit").items] == ["Auditors"]
    assert list_roles(workspace.id, q="%").items == ()
    page = list_roles(workspace.id, limit=1)
    rest = list_roles(workspace.id, limit=1, cursor=page.next)
    assert [r.name for r in (*page.items, *rest.items)] == ["Auditors", "sso-aws-AWS-role"]
    assert rest.next is None


def test_assigning_and_removing_a_role_record_events(
    scope: Scope, services: Services, workspace: WorkspaceView, role: RoleView, user: UserView
) -> None:
    (assignment,) = assign_roles(scope, role_ids=[role.id], user_id=user.id)
    assert (assignment.via, assignment.user_name, assignment.created_by) == (
        "direct",
        "Amina Otieno",
        "Joseph Mwangi",
    )
    assert assignments_of_user(scope, user.id) == (assignment,)
    assert assignment.role.assignment_count == 1
    event = log.list_events(scope).items[0]
    assert (event.action, event.target_name) == ("role.assigned", "Amina Otieno")
    assert event.detail == {"role": "Auditors", "role_id": role.id, "expires_at": None}
    remove_role(scope, role_id=role.id, user_id=user.id)
    assert assignments_of_user(scope, user.id) == ()
    assert events(services, workspace)[0] == "role.removed"
    with pytest.raises(NotFound):
        remove_role(scope, role_id=role.id, user_id=user.id)


def test_giving_again_sets_the_expiry_and_makes_no_second_assignment(
    scope: Scope, services: Services, workspace: WorkspaceView, role: RoleView, user: UserView
) -> None:
    soon = services.clock() + 60
    give = {"role_ids": [role.id], "user_id": user.id}
    (first,) = assign_roles(scope, **give, expires_at=soon)
    (again,) = assign_roles(scope, **give, expires_at=soon + 60)
    assert (again.id, again.expires_at) == (first.id, soon + 60)
    before = events(services, workspace)
    assign_roles(scope, **give, expires_at=soon + 60)
    assert events(services, workspace) == before
    assert Assignment.select().count() == 1


def test_assignment_is_active_until_it_expires(
    scope: Scope, services: Services, role: RoleView, user: UserView
) -> None:
    assign_roles(
        scope,
        role_ids=[role.id],
        user_id=user.id,
        expires_at=services.clock() + 60,
    )
    services.clock.advance(seconds=59)
    assert not assignments_of_user(scope, user.id)[0].expired
    services.clock.advance(seconds=1)
    assert assignments_of_user(scope, user.id)[0].expired


@pytest.mark.parametrize("seconds", [0, -1, LATEST])
def test_expiry_must_be_in_the_future_and_before_the_year_10000(
    scope: Scope,
    services: Services,
    role: RoleView,
    user: UserView,
    seconds: int,
) -> None:
    with pytest.raises(InputError) as refused:
        assign_roles(
            scope,
            role_ids=[role.id],
            user_id=user.id,
            expires_at=services.clock() + seconds,
        )
    assert list(refused.value.errors) == ["expires_at"]


def test_all_roles_are_given_or_none(
    scope: Scope, services: Services, workspace: WorkspaceView, role: RoleView, user: UserView
) -> None:
    before = events(services, workspace)
    with pytest.raises(NotFound):
        assign_roles(scope, role_ids=[role.id, "unknown"], user_id=user.id)
    for wrong in ({"user_id": user.id, "group_id": "x"}, {}):
        with pytest.raises(InputError):
            assign_roles(scope, role_ids=[role.id], **wrong)
    with pytest.raises(InputError):
        assign_roles(scope, role_ids=[], user_id=user.id)
    assert assignments_of_user(scope, user.id) == ()
    assert events(services, workspace) == before


def test_users_have_the_roles_of_their_groups(scope: Scope, role: RoleView, user: UserView) -> None:
    for name in ("Engineering", "Everyone"):
        group = groups.create_group(scope, name=name)
        groups.add_member(scope, group.id, user.id)
        assign_roles(scope, role_ids=[role.id], group_id=group.id)
    assign_roles(scope, role_ids=[role.id], user_id=user.id)
    reached = assignments_of_user(scope, user.id)
    assert [(g.via, g.group_name, g.user_name) for g in reached] == [
        ("direct", "", "Amina Otieno"),
        ("group", "Engineering", "Amina Otieno"),
        ("group", "Everyone", "Amina Otieno"),
    ]
    (of_group,) = assignments_of_group(scope, group.id)
    assert (of_group.via, of_group.group_name, of_group.user_id) == ("group", "Everyone", "")


def test_assignments_of_a_role_are_listed_groups_first_in_pages(
    scope: Scope, role: RoleView
) -> None:
    for name in ("zulu", "yankee"):
        group = groups.create_group(scope, name=name)
        assign_roles(scope, role_ids=[role.id], group_id=group.id)
    for name in ("dora", "Carl", "ben", "Abe"):
        one = users.create_user(scope, username=name)
        assign_roles(scope, role_ids=[role.id], user_id=one.id)
    expected = ["yankee", "zulu", "Abe", "ben", "Carl", "dora"]
    for limit in (1, 2, 3, 4, 6, 50):
        names: list[str] = []
        cursor = None
        while True:
            page = assignments_of_role(scope, role.id, limit=limit, cursor=cursor)
            names += [g.group_name or g.user_name for g in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert names == expected, limit
    with pytest.raises(InputError):
        assignments_of_role(scope, role.id, cursor="WyJ4IiwiIiwiIl0")


def test_role_of_an_uninstalled_application_is_archived(
    scope: Scope,
    services: Services,
    workspace: WorkspaceView,
    application: Application,
    user: UserView,
) -> None:
    default = find_role(workspace.id, "sso-aws-AWS-role")
    assign_roles(scope, role_ids=[default.id], user_id=user.id)
    Role.update(removed_at=services.clock()).where(Role.id == default.id).execute()
    assert assignments_of_user(scope, user.id) == ()
    assert list_roles(workspace.id).items == ()
    with pytest.raises(NotFound):
        assign_roles(scope, role_ids=[default.id], user_id=user.id)


def test_ten_concurrent_assignments_create_one(
    either: str, open_services: Callable[[str], Services]
) -> None:
    services = open_services(either)
    workspace = create_workspace(services, SYSTEM, slug="acme", name="Acme")
    user = users.create_user(Scope(services, workspace.id, SYSTEM), username="amina")
    role = roles.create_role(Scope(services, workspace.id, SYSTEM), name="Auditors")
    failures: list[BaseException] = []
    barrier = threading.Barrier(10)

    def give() -> None:
        database.connect(reuse_if_open=True)
        barrier.wait()
        try:
            assign_roles(Scope(services, workspace.id, SYSTEM), role_ids=[role.id], user_id=user.id)
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=give) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Assignment.select().count() == 1
