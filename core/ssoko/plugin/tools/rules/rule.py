"""What a rule is, and what holding a plugin against it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ssoko.plugin.tools.rules.subject import Subject

Tier = Literal["bronze", "silver", "gold"]

#: From the least to the most.
TIERS: tuple[Tier, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that every plugin of a tier does.

    :param id: ``SSK`` and three digits.
    :param title: what is so, in a few words.
    :param why: the reason, one line.
    :param fix: the remedy, one line.
    :param find: yields what is wrong with a plugin, one message each.
    :param loaded: it needs a plugin that could be loaded.
    :param wheel: only a wheel can show it.
    :param refusal: what the loader's message holds when it refuses the plugin for this.
    """

    id: str
    tier: Tier
    title: str
    why: str
    fix: str
    find: Callable[[Subject], Iterable[str]]
    loaded: bool = True
    wheel: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found.

    :param state: ``ok``; ``failed``, with its messages; ``unknown``, because the plugin could not
        be loaded; ``later``, because only the wheel can show it.
    """

    rule: Rule
    state: Literal["ok", "failed", "unknown", "later"]
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What all rules found about one integration."""

    slug: str
    distribution: str
    version: str
    findings: tuple[Finding, ...]

    @property
    def tier(self) -> Tier | None:
        """The highest tier whose rules, and those of the tiers below it, are all kept."""
        reached: Tier | None = None
        for tier in TIERS:
            if self.short_of(tier):
                break
            reached = tier
        return reached

    def short_of(self, tier: Tier) -> tuple[Finding, ...]:
        """Return what stands between the plugin and a tier."""
        wanted = TIERS[: TIERS.index(tier) + 1]
        return tuple(
            f for f in self.findings if f.rule.tier in wanted and f.state in {"failed", "unknown"}
        )


def judge(rule: Rule, subject: Subject) -> Finding:
    """Hold one plugin against one rule."""
    if rule.wheel and not subject.is_wheel:
        return Finding(rule, "later")
    if rule.refusal and rule.refusal in subject.problem:
        return Finding(rule, "failed", (subject.problem,))
    if rule.loaded and subject.entry is None:
        return Finding(rule, "unknown")
    messages = tuple(dict.fromkeys(rule.find(subject)))
    return Finding(rule, "failed" if messages else "ok", messages)
