"""The output of ``ssoko plugin check``: text, JSON, or annotations for GitHub Actions."""

import json
from collections.abc import Callable, Mapping, Sequence

from ssoko.plugin.tools.rules.rule import Finding, Report, Tier

_WORDS = {"ok": "ok", "unknown": "-", "later": "-"}
_NOTES = {
    "unknown": "not checked, because the plugin failed to load",
    "later": "checked in the wheel",
}


def as_text(reports: Sequence[Report], at_least: Tier) -> str:
    """Return one line for each rule, the messages and fix of failed rules, and the tier."""
    lines: list[str] = []
    for report in reports:
        lines.append(f"{report.slug}  {report.distribution} {report.version}".rstrip())
        for finding in report.findings:
            lines += _lines(finding, report, at_least)
        lines.append(f"  tier  {_tier(report)}")
    missing = [f for report in reports for f in report.short_of(at_least)]
    failed = next((f for f in missing if f.state == "failed"), None)
    lines.append("")
    if failed:
        lines.append(
            f"Next: fix the failed rules. `ssoko plugin explain {failed.rule.id}` explains one."
        )
    elif any(f.state == "later" for report in reports for f in report.findings):
        lines.append("Next: python -m build && ssoko plugin verify dist/*.whl")
    return "\n".join(lines).rstrip()


def _lines(finding: Finding, report: Report, at_least: Tier) -> list[str]:
    rule = finding.rule
    if finding.state != "failed":
        note = _NOTES.get(finding.state)
        return [f"  {_WORDS[finding.state]:4}  {rule.id}  {rule.title}{f' ({note})' * bool(note)}"]
    word = "FAIL" if finding in report.short_of(at_least) else rule.tier
    lines = [f"  {word:4}  {rule.id}  {rule.title}: {finding.messages[0]}"]
    lines += [f"                {message}" for message in finding.messages[1:5]]
    if more := len(finding.messages[5:]):
        lines.append(f"                and {more} more")
    return [*lines, f"                fix: {rule.fix}"]


def as_json(reports: Sequence[Report], at_least: Tier) -> str:
    """Return a JSON object with all findings."""
    items = [
        {
            "slug": report.slug,
            "distribution": report.distribution,
            "version": report.version,
            "tier": report.tier,
            "passed": not report.short_of(at_least),
            "rules": [
                {
                    "id": f.rule.id,
                    "tier": f.rule.tier,
                    "title": f.rule.title,
                    "state": f.state,
                    "messages": list(f.messages),
                    "why": f.rule.why,
                    "fix": f.rule.fix,
                }
                for f in report.findings
            ],
        }
        for report in reports
    ]
    return json.dumps({"items": items}, ensure_ascii=False, indent=2)


def as_github(reports: Sequence[Report], at_least: Tier) -> str:
    """Return workflow commands: an error for each failure, a notice for each other finding."""
    lines = []
    for report in reports:
        failures = report.short_of(at_least)
        for finding in report.findings:
            kind = "error" if finding in failures else "notice"
            for message in finding.messages:
                text = _escaped(f"{finding.rule.title}: {message}. {finding.rule.fix}")
                lines.append(f"::{kind} title={finding.rule.id} {report.slug}::{text}")
        lines.append(f"{report.slug}: {_tier(report)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _tier(report: Report) -> str:
    return (report.tier or "none yet").capitalize()


FORMATS: Mapping[str, Callable[[Sequence[Report], Tier], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}
