"""The guide of an application: its steps, and what was seen of each."""

from ssoko.schemas import dump
from ssoko.services.applications import views
from ssoko.services.guides.evidence import Evidence
from ssoko.services.guides.guide import Section
from ssoko.services.guides.progress import Progress, read_progress
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "/applications/<id:application>/guide")
def guide(call: Call, application: str) -> dump.Json:
    """Read the guide with this application's values, and what was seen of each step."""
    found = views.get_application(call.scope, application)
    shown = read_progress(call.scope, found)
    return {
        "application": {"id": found.id, "name": found.name},
        "seen": shown.done,
        "named": len(shown.evidence),
        "sections": [_section(section, shown) for section in shown.guide.sections],
    }


def _section(section: Section, shown: Progress) -> dump.Json:
    return {
        "title": section.title,
        "steps": [
            {
                "number": step.number,
                "html": step.html.strip(),
                "evidence": _evidence(shown.evidence[step.done]) if step.done else None,
            }
            for step in section.steps
        ],
    }


def _evidence(view: Evidence) -> dump.Json:
    return {
        "kind": view.kind,
        "done": view.done,
        "at": dump.instant(view.at),
        "by": view.by,
        "sentence": view.sentence,
    }
