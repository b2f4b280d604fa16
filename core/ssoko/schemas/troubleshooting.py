"""Traces of refusals, the preview and the check of a connection."""

from typing import Any, get_args

from marshmallow import fields

from ssoko.saml.response import Attribute
from ssoko.schemas.output import Choice, IdAndNameSchema, Output, Texts, Timestamp
from ssoko.services.access.gate import Code
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting.check import Place, Report, State
from ssoko.services.troubleshooting.preview import Preview
from ssoko.services.troubleshooting.steps import StepState
from ssoko.services.troubleshooting.traces import TraceView


class AccessSchema(Output):
    """Whether a user has access to an application, and why."""

    allowed = fields.Boolean()
    code = Choice(get_args(Code))
    sentence = fields.String(metadata={"description": "The reason in words."})


class RefusalSchema(Output):
    """What would stop the sign-in of a user who has access."""

    code = fields.String(metadata={"description": "As in a trace."})
    received = fields.String()
    expected = fields.String()
    fix = fields.String(metadata={"description": "What to do."})


class NameIdSchema(Output):
    """The identifier of the user at the service provider."""

    value = fields.String()
    format = fields.String(metadata={"description": "URI."})
    note = fields.String(
        metadata={"description": "How the NameID of a real sign-in differs, or empty."}
    )


class AssertionAttributeSchema(Output):
    """An attribute of the assertion, with its values."""

    name = fields.String()
    name_format = fields.String(allow_none=True, metadata={"description": "URI."})
    friendly_name = fields.String()
    values = Texts()

    def read_friendly_name(self, attribute: Attribute) -> str:
        return attribute.friendly_name or ""


class PreviewSchema(Output):
    """The sign-in that a user would get."""

    user = fields.Nested(IdAndNameSchema)
    works = fields.Boolean(metadata={"description": "Ssoko would send this assertion."})
    access = fields.Nested(AccessSchema, attribute="decision")
    refusals = fields.List(fields.Nested(RefusalSchema))
    name_id = fields.Nested(
        NameIdSchema,
        allow_none=True,
        metadata={"description": "Null when the user has no value for it."},
    )
    attributes = fields.List(fields.Nested(AssertionAttributeSchema))
    left_out = Texts(
        metadata={"description": "Names of the mappers for which the user has no value."}
    )
    acs_url = fields.Url()
    sign_response = fields.Boolean(attribute="application.service_provider.sign_response")
    sign_assertion = fields.Boolean(attribute="application.service_provider.sign_assertion")
    encrypted = fields.Boolean(attribute="application.service_provider.encrypt_assertions")
    unsigned_assertion = fields.String(
        attribute="xml",
        metadata={"description": "Indented XML; empty when the assertion cannot be built."},
    )

    def read_user(self, preview: Preview) -> dict[str, str]:
        return _id_and_name(preview.user)

    def read_name_id(self, preview: Preview) -> dict[str, str] | None:
        name_id = preview.name_id
        if name_id is None:
            return None
        return {"value": name_id.value, "format": name_id.format, "note": preview.note}

    def read_left_out(self, preview: Preview) -> list[str]:
        return [mapper.name for mapper in preview.left_out]

    def read_acs_url(self, preview: Preview) -> str:
        return preview.application.service_provider.acs_urls[0]


class FindingSchema(Output):
    """The result of one rule."""

    id = fields.String()
    state = Choice(
        get_args(State),
        metadata={"description": "`check` when an admin must look at it."},
    )
    sentence = fields.String(metadata={"description": "What is right, or what is wrong."})
    fix = fields.String(metadata={"description": "What to do; empty when the rule passes."})
    page = Choice(
        get_args(Place),
        attribute="place",
        metadata={"description": "The page of the application where it is fixed, or empty."},
    )


class ReportSchema(Output):
    """Whether the vendor would accept the response that a user would get."""

    user = fields.Nested(IdAndNameSchema)
    outcome = Choice(get_args(State), metadata={"description": "The worst state of all rules."})
    general = fields.List(
        fields.Nested(FindingSchema), metadata={"description": "The rules of every application."}
    )
    vendor = fields.List(
        fields.Nested(FindingSchema), metadata={"description": "The rules of the plugin."}
    )

    def read_user(self, report: Report) -> dict[str, str]:
        return _id_and_name(report.preview.user)


class StepSchema(Output):
    """One step of the attempt."""

    key = fields.String()
    title = fields.String()
    state = Choice(get_args(StepState))
    detail = fields.String()


class TraceSchema(Output):
    """A denied sign-in or a failed sign-out, with the names at that time."""

    reference = fields.String(
        metadata={"description": "The code that the user saw, such as `SK-7QF4-K2M9`."}
    )
    at = Timestamp()
    until = Timestamp(metadata={"description": "When the trace is deleted."})
    code = fields.String(metadata={"description": "Identifies the reason."})
    title = fields.String()
    message = fields.String()
    application = fields.Nested(
        IdAndNameSchema, metadata={"description": "Both empty when it is not known."}
    )
    user = fields.Nested(
        IdAndNameSchema, metadata={"description": "Both empty when the user is not known."}
    )
    issuer = fields.String(attribute="issuer_id", metadata={"description": "ID, or empty."})
    sp_entity_id = fields.String(metadata={"description": "The Issuer of the request, or empty."})
    started = Choice(
        ("sp", "ssoko", "logout"),
        metadata={"description": "SP-initiated, IdP-initiated, or a message about signing out."},
    )
    binding = Choice(("redirect", "post", ""))
    relay_state = fields.String()
    received = fields.String()
    expected = fields.String()
    rule = fields.String()
    source = fields.String(metadata={"description": "The standard or document of the rule."})
    fix = fields.String()
    steps = fields.List(fields.Nested(StepSchema))
    request = fields.String(
        metadata={"description": "The SAML request as indented XML; empty if it has none."}
    )
    undecoded = fields.String(
        metadata={"description": "The message as it was received, when decoding failed."}
    )
    repeats = fields.Integer(
        metadata={"description": "Later refusals of this kind without a trace of their own."}
    )

    def read_application(self, trace: TraceView) -> dict[str, Any]:
        return {"id": trace.application_id, "name": trace.application_name}

    def read_user(self, trace: TraceView) -> dict[str, Any]:
        return {"id": trace.user_id, "name": trace.user_name}


def _id_and_name(user: UserView) -> dict[str, str]:
    return {"id": user.id, "name": user.display_name}
