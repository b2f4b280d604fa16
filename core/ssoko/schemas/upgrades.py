"""Updates of a plugin: what another version proposes for an application."""

from typing import Any, NamedTuple, get_args

from marshmallow import fields, missing

from ssoko.schemas.output import Choice, IdAndNameSchema, Output, Texts, Timestamp
from ssoko.services.applications.upgrades.compare import State, Upgrade
from ssoko.services.applications.upgrades.parts import Part, PartName
from ssoko.services.troubleshooting.preview_difference import AssertionDifference
from ssoko.text.line_difference import Line

_SIGNS = {"same": " ", "added": "+", "removed": "-", "gap": "@"}
_DIFF = "Lines with a sign in front: `+` added, `-` removed, `@` lines left out, or a space."


class DifferenceSchema(Output):
    """One setting, as recorded and as proposed."""

    name = fields.String()
    label = fields.String()
    recorded = Texts()
    proposed = Texts(attribute="new")
    caution = fields.String(
        metadata={"description": "How accepting it weakens security, or empty."}
    )
    stays_because = fields.String(
        attribute="kept", metadata={"description": "Why accepting does not change it, or empty."}
    )


class PartSchema(Output):
    """Changes that are accepted together."""

    name = Choice(get_args(PartName))
    title = fields.String()
    careful = fields.Boolean(metadata={"description": "Accepting it weakens security."})
    changes = fields.List(fields.Nested(DifferenceSchema))
    stays = fields.List(fields.Nested(DifferenceSchema))
    text = Texts(metadata={"description": f"Difference of the guide. {_DIFF}"})

    def read_text(self, part: Part) -> list[str]:
        return _with_signs(part.lines)


class DecisionSchema(Output):
    """What an admin decided about this proposal."""

    at = Timestamp()
    by = fields.String(metadata={"description": "Name of the admin or token."})
    kept = Texts(metadata={"description": "Titles of the parts that were not accepted."})


class UndoSchema(Output):
    """The record before the last upgrade, which can be restored."""

    to = fields.String(attribute="proposer")
    until = Timestamp()


class UpgradeSchema(Output):
    """The proposal of the loaded plugin, compared with the record."""

    state = Choice(
        get_args(State),
        metadata={
            "description": "`same`: nothing to do. `proposes`: see `parts`. `refuses`: the plugin "
            "refuses the settings, see `errors`. `fails`: the plugin failed, see `problem`. "
            "`missing`: no plugin is loaded."
        },
    )
    recorded_by = fields.String(
        data_key="from",
        metadata={"description": "Distribution and version whose proposal is recorded."},
    )
    to = fields.String(
        attribute="loaded",
        metadata={"description": "Distribution and version that is loaded, or empty."},
    )
    other_distribution = fields.Boolean()
    digest = fields.String(
        metadata={"description": "Identifies the proposal; empty when there is none."}
    )
    errors = fields.Dict(
        keys=fields.String(),
        values=Texts(),
        metadata={"description": "Settings that the plugin refuses: field to messages."},
    )
    problem = fields.String(metadata={"description": "Why the plugin failed, or empty."})
    parts = fields.List(fields.Nested(PartSchema))
    decided = fields.Nested(DecisionSchema, attribute="decision", allow_none=True)
    undo = fields.Nested(UndoSchema, attribute="former", allow_none=True)


class ChangedValueSchema(Output):
    """A value of the assertion now and after the upgrade."""

    label = fields.String()
    now = Texts(attribute="recorded")
    afterwards = Texts(attribute="new")


class AssertionDifferenceSchema(Output):
    """The assertion that a user gets now, compared with the one after the upgrade."""

    user = fields.Nested(IdAndNameSchema)
    changes = fields.List(fields.Nested(ChangedValueSchema), attribute="changed")
    assertion = Texts(metadata={"description": f"Empty when both are equal. {_DIFF}"})

    def read_user(self, difference: AssertionDifference) -> dict[str, str]:
        return {"id": difference.user.id, "name": difference.user.display_name}

    def read_assertion(self, difference: AssertionDifference) -> list[str]:
        return _with_signs(difference.xml)


class UpgradeForUser(NamedTuple):
    """An upgrade, and what it changes for one user, if a user was asked for."""

    upgrade: Upgrade
    difference: AssertionDifference | None


class UpgradeForUserSchema(UpgradeSchema):
    """The same, with the response of one user."""

    answer = fields.Nested(
        AssertionDifferenceSchema,
        metadata={
            "optional": True,
            "description": "With the query `user`: their assertion before and after, when all "
            "parts are accepted that do not weaken security.",
        },
    )

    def get_attribute(self, obj: UpgradeForUser, attr: str, default: Any) -> Any:
        if attr == "answer":
            return obj.difference or missing
        return super().get_attribute(obj.upgrade, attr, default)


def _with_signs(lines: tuple[Line, ...]) -> list[str]:
    return [f"{_SIGNS[line.kind]}{line.text}" for line in lines]
