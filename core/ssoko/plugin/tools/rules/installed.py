"""Check an installed plugin against the rules that only read files and declarations.

No hook is called, so this is safe on a running site. ``ssoko plugin check`` also
checks what the hooks do (:mod:`ssoko.plugin.tools.rules.on_behavior`).
"""

from importlib.metadata import Distribution
from pathlib import Path

from ssoko.plugin.host.registry import Registry
from ssoko.plugin.tools.rules import on_packaging, on_texts
from ssoko.plugin.tools.rules.declared import of_distribution
from ssoko.plugin.tools.rules.rule import TIERS, Finding, Report, Rule, judge
from ssoko.plugin.tools.rules.subject import Subject, files_below, top_package

__all__ = ["READING", "TIERS", "read"]

#: The rules that only read.
READING: tuple[Rule, ...] = tuple(
    sorted((*on_packaging.RULES, *on_texts.RULES), key=lambda rule: rule.id)
)


def read(slug: str, registry: Registry, distribution: Distribution, root: Path) -> Report:
    """Check the files and the declarations of a loaded plugin.

    :param registry: the registry with the plugin.
    :param root: folder that the package was imported from.
    """
    declared = of_distribution(distribution)
    target = declared.entry_points.get(slug, "")
    package = top_package(target)
    subject = Subject(
        slug=slug,
        target=target,
        declared=declared,
        root=root,
        package=package,
        project=None,
        files=files_below(root, package),
        registry=registry,
    )
    findings = tuple(_judge(rule, subject) for rule in READING)
    return Report(slug, declared.name, declared.version, findings)


def _judge(rule: Rule, subject: Subject) -> Finding:
    try:
        return judge(rule, subject)
    except Exception:  # an unreadable file counts as a failed rule
        return Finding(rule, "unknown")
