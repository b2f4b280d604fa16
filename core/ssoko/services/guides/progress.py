"""How far an application's guide is: its steps, and what was seen of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssoko.plugin.steps import EVIDENCE, rule_of
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import Scope
from ssoko.services.guides import evidence
from ssoko.services.guides import guide as guides_guide
from ssoko.services.guides.evidence import Evidence
from ssoko.services.guides.guide import Guide
from ssoko.services.troubleshooting.check import Report

#: What is looked for where a guide names no evidence.
ALWAYS = ("installed", "role", "sign-in")


@dataclass(frozen=True, slots=True)
class Progress:
    """A guide with this application's values, and the evidence that its steps name.

    :param seen: by kind; also what is always looked for, when the guide names nothing.
    """

    guide: Guide
    seen: Mapping[str, Evidence]

    @property
    def done(self) -> int:
        """How many of them were seen."""
        return sum(one.done for one in self.seen.values())

    @property
    def places(self) -> Mapping[str, str]:
        """Where each kind is named first: the id of the step in the page."""
        found: dict[str, str] = {}
        for section in self.guide.sections:
            for step in section.steps:
                found.setdefault(step.done, f"{section.id}-{step.number}")
        return found

    @property
    def next(self) -> str:
        """The first kind that was not seen yet, or an empty text."""
        return next((one.kind for one in self.seen.values() if not one.done), "")

    @property
    def next_place(self) -> str:
        """The id of its step in the page, or an empty text."""
        return self.places.get(self.next, "") if self.next else ""


def progress(
    scope: Scope,
    application: ApplicationView,
    *,
    report: Report | None = None,
) -> Progress:
    """Return where the installation of an application stands.

    :param report: see :func:`ssoko.services.guides.evidence.gather`.
    """
    guide = guides_guide.render_guide(application.guide, guides_guide.guide_values(application))
    kinds = guide.kinds or ALWAYS
    return Progress(guide, evidence.gather(scope, application, kinds, report=report))


def ticks_when(kind: str) -> str:
    """Say when a step of this kind is ticked, to come after "when"; empty for unknown kinds."""
    if rule_of(kind):
        return "the check beside it passes for somebody who gets in"
    return EVIDENCE.get(kind, "")
