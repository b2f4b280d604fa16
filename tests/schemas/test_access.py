"""The JSON of roles and assignments."""

from dataclasses import replace

import pytest
from ssoko.schemas.access import AssignmentSchema, RoleSchema
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView

ROLE = RoleView(
    id="r1",
    name="Reader",
    description="",
    application_id=None,
    application_name=None,
    is_default=False,
    attributes={"team": ["a", "b"]},
    assignment_count=2,
    created_at=0,
)
ASSIGNMENT = AssignmentView(
    id="a1",
    role=ROLE,
    via="direct",
    group_id="",
    group_name="",
    user_id="u1",
    user_name="Amina",
    expires_at=None,
    expired=False,
    created_at=0,
    created_by="Joseph",
)


@pytest.mark.parametrize(
    ("application", "shown"),
    [((None, None), None), (("a1", "Wiki"), {"id": "a1", "name": "Wiki"})],
)
def test_a_role_names_its_application_or_null(
    application: tuple[str | None, str | None], shown: dict[str, str] | None
) -> None:
    role = replace(ROLE, application_id=application[0], application_name=application[1])
    assert RoleSchema().dump(role)["application"] == shown


def test_a_direct_assignment_has_no_group() -> None:
    shown = AssignmentSchema().dump(ASSIGNMENT)
    assert (shown["user"], shown["group"]) == ({"id": "u1", "name": "Amina"}, None)
    assert shown["expires_at"] is None


def test_an_assignment_of_a_group_seen_from_its_role_has_no_user() -> None:
    view = replace(ASSIGNMENT, via="group", group_id="g1", group_name="Staff", user_id="")
    shown = AssignmentSchema().dump(view)
    assert (shown["user"], shown["group"]) == (None, {"id": "g1", "name": "Staff"})
