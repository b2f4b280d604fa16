"""The rules for plugins, each with an ID, a reason and a fix.

::

    for report in check(Path("ssoko-zoom")):
        print(report.tier, [f.rule.id for f in report.findings if f.state == "failed"])

The meaning of an ID never changes; the ID of a removed rule is not reused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssoko.plugin.tools.rules import on_behavior, on_packaging, on_texts
from ssoko.plugin.tools.rules.rule import TIERS, Finding, Report, Rule, judge
from ssoko.plugin.tools.rules.subject import Subject, opened

#: Every rule, by its id.
RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in sorted(
        (*on_packaging.RULES, *on_texts.RULES, *on_behavior.RULES), key=lambda rule: rule.id
    )
}

__all__ = ["RULES", "TIERS", "Finding", "Report", "Rule", "check", "report"]


def check(path: Path, settings: Mapping[str, Any] | None = None) -> tuple[Report, ...]:
    """Check each integration of a distribution against every rule.

    The plugin's code runs in this process, as it does in Ssoko.

    :param path: folder of the project, or a wheel.
    :param settings: values of the install form; by default its placeholders.
    :raises InputError: when there is no distribution with an integration at the path.
    """
    with opened(path, settings) as subjects:
        return tuple(map(report, subjects))


def report(subject: Subject) -> Report:
    """Check one opened integration against every rule."""
    return Report(
        slug=subject.slug,
        distribution=subject.declared.name,
        version=subject.declared.version,
        findings=tuple(judge(rule, subject) for rule in RULES.values()),
    )
