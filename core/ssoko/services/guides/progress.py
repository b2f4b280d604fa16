"""The progress of an application's setup: the steps of its guide, and their evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssoko.plugin.steps import EVIDENCE, rule_of
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import Scope
from ssoko.services.guides import messages
from ssoko.services.guides.evidence import Evidence, find_evidence
from ssoko.services.guides.guide import Guide, guide_values, render_guide
from ssoko.services.troubleshooting.check import Report

#: The evidence of a guide that names none.
DEFAULT_KINDS = ("installed", "role", "sign-in")


@dataclass(frozen=True, slots=True)
class Progress:
    """A guide with an application's values, and the evidence of its steps.

    :param evidence: by kind; :data:`DEFAULT_KINDS` if the guide names no evidence.
    """

    guide: Guide
    evidence: Mapping[str, Evidence]

    @property
    def done(self) -> int:
        """How many kinds have evidence."""
        return sum(evidence.done for evidence in self.evidence.values())

    @property
    def places(self) -> Mapping[str, str]:
        """Kind to the HTML id of the first step that names it."""
        places: dict[str, str] = {}
        for section in self.guide.sections:
            for step in section.steps:
                places.setdefault(step.done, f"{section.id}-{step.number}")
        return places

    @property
    def next(self) -> str:
        """The first kind without evidence, or an empty text."""
        return next((kind for kind, evidence in self.evidence.items() if not evidence.done), "")

    @property
    def next_place(self) -> str:
        """The HTML id of the step of :attr:`next`, or an empty text."""
        return self.places.get(self.next, "") if self.next else ""


def read_progress(
    scope: Scope,
    application: ApplicationView,
    *,
    report: Report | None = None,
) -> Progress:
    """Return the guide of an application with its progress.

    :param report: see :func:`ssoko.services.guides.evidence.find_evidence`.
    """
    guide = render_guide(application.guide, guide_values(application))
    kinds = guide.kinds or DEFAULT_KINDS
    return Progress(guide, find_evidence(scope, application, kinds, report=report))


def ticks_when(kind: str) -> str:
    """Return when a step of this kind is completed, to follow "when"; empty if unknown."""
    return messages.RULE_PASSES if rule_of(kind) else EVIDENCE.get(kind, "")
