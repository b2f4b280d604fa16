"""The guide of an application: its steps, and what was seen of each."""

from ssoko.services import applications, guide_progress
from ssoko.services.evidence import Evidence
from ssoko.services.guide_progress import Progress
from ssoko.services.guides import Section
from ssoko.web.api import render
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "/applications/<id:application>/guide")
def guide(call: Call, application: str) -> render.Json:
    """Read the guide with this application's values, and what was seen of each step."""
    found = applications.get_application(call.services, call.workspace.id, application)
    shown = guide_progress.progress(call.services, call.workspace.id, found)
    return {
        "application": {"id": found.id, "name": found.name},
        "seen": shown.done,
        "named": len(shown.seen),
        "sections": [_section(section, shown) for section in shown.guide.sections],
    }


def _section(section: Section, shown: Progress) -> render.Json:
    return {
        "title": section.title,
        "steps": [
            {
                "number": step.number,
                "html": step.html.strip(),
                "evidence": _evidence(shown.seen[step.done]) if step.done else None,
            }
            for step in section.steps
        ],
    }


def _evidence(view: Evidence) -> render.Json:
    return {
        "kind": view.kind,
        "done": view.done,
        "at": render.instant(view.at),
        "by": view.by,
        "sentence": view.sentence,
    }
