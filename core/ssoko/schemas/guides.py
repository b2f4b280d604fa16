"""The guide of an application and its progress."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import fields

from ssoko.plugin.steps import CHECK, EVIDENCE
from ssoko.schemas.output import IdAndNameSchema, Output, Timestamp
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides.progress import Progress


class EvidenceSchema(Output):
    """What Ssoko looks for to tick a step."""

    kind = fields.String(
        metadata={"description": f"{', '.join(f'`{k}`' for k in EVIDENCE)}, or `{CHECK}<rule>`."}
    )
    done = fields.Boolean()
    at = Timestamp(allow_none=True, metadata={"description": "Null until it is done."})
    by = fields.String(
        metadata={"description": "A user, a program or a service provider; empty until it is done."}
    )
    sentence = fields.String(metadata={"description": "What was detected, in words."})


class GuideStepSchema(Output):
    """A numbered step."""

    number = fields.Integer(metadata={"description": "Counted through the whole guide."})
    html = fields.String(metadata={"description": "With the values of the application."})
    evidence = fields.Nested(
        EvidenceSchema, allow_none=True, metadata={"description": "Null when it needs none."}
    )


class GuideSectionSchema(Output):
    """The steps below one heading."""

    title = fields.String()
    steps = fields.List(fields.Nested(GuideStepSchema))


class ApplicationGuide(NamedTuple):
    """An application with the progress of its setup."""

    application: ApplicationView
    progress: Progress


class GuideSchema(Output):
    """The guide of an application, with what Ssoko detected of each step."""

    application = fields.Nested(IdAndNameSchema)
    seen = fields.Integer(
        attribute="progress.done", metadata={"description": "How many kinds of evidence exist."}
    )
    named = fields.Integer(metadata={"description": "How many kinds of evidence the guide names."})
    sections = fields.List(fields.Nested(GuideSectionSchema))

    def read_named(self, guide: ApplicationGuide) -> int:
        return len(guide.progress.evidence)

    def read_sections(self, guide: ApplicationGuide) -> list[Mapping[str, Any]]:
        evidence = guide.progress.evidence
        return [
            {
                "title": section.title,
                "steps": [
                    {
                        "number": step.number,
                        "html": step.html.strip(),
                        "evidence": evidence[step.done] if step.done else None,
                    }
                    for step in section.steps
                ],
            }
            for section in guide.progress.guide.sections
        ]
