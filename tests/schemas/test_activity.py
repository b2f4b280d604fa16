"""The JSON of events."""

import pytest
from ssoko.schemas.activity import EventSchema
from ssoko.services.activity.log import EventView


@pytest.mark.parametrize(("application", "shown"), [("", None), ("a1", "a1")])
def test_an_event_without_an_application_has_null(application: str, shown: str | None) -> None:
    view = EventView(
        id="e1",
        at=0,
        actor_kind="user",
        actor_id="u1",
        actor_name="Amina",
        action="role.assigned",
        target_kind="role",
        target_id="r1",
        target_name="Reader",
        application_id=application,
        outcome="done",
        detail={"to": ["Staff"]},
        address="192.0.2.1",
        reference="",
    )
    event = EventSchema().dump(view)
    assert event["application_id"] == shown
    assert event["actor"] == {"kind": "user", "id": "u1", "name": "Amina"}
    assert event["target"] == {"kind": "role", "id": "r1", "name": "Reader"}
    assert event["detail"] == {"to": ["Staff"]}
