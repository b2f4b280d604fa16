"""A rule, and the result of checking a plugin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ssoko.plugin.tools.rules.subject import Subject

Tier = Literal["bronze", "silver", "gold"]

#: From lowest to highest.
TIERS: tuple[Tier, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement for a tier.

    :param id: ``SSK`` and three digits.
    :param title: the requirement, in a few words.
    :param why: the reason, one line.
    :param fix: what to do, one line.
    :param find: yields one message for each error in a plugin.
    :param loaded: needs a loaded plugin.
    :param wheel: needs a wheel.
    :param refusal: part of the loader's message when it refuses a plugin because of this rule.
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
    """The result of one rule.

    :param state: ``ok``; ``failed``, with messages; ``unknown`` if the plugin cannot be loaded;
        ``later`` if the rule needs the wheel.
    """

    rule: Rule
    state: Literal["ok", "failed", "unknown", "later"]
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all rules for one integration."""

    slug: str
    distribution: str
    version: str
    findings: tuple[Finding, ...]

    @property
    def tier(self) -> Tier | None:
        """The highest tier for which all rules, and those of lower tiers, pass."""
        reached: Tier | None = None
        for tier in TIERS:
            if self.short_of(tier):
                break
            reached = tier
        return reached

    def short_of(self, tier: Tier) -> tuple[Finding, ...]:
        """Return the results that keep the plugin below a tier."""
        tiers = TIERS[: TIERS.index(tier) + 1]
        return tuple(
            f for f in self.findings if f.rule.tier in tiers and f.state in {"failed", "unknown"}
        )


def judge(rule: Rule, subject: Subject) -> Finding:
    """Check one plugin against one rule."""
    if rule.wheel and not subject.is_wheel:
        return Finding(rule, "later")
    if rule.refusal and rule.refusal in subject.problem:
        return Finding(rule, "failed", (subject.problem,))
    if rule.loaded and subject.entry is None:
        return Finding(rule, "unknown")
    messages = tuple(dict.fromkeys(rule.find(subject)))
    return Finding(rule, "failed" if messages else "ok", messages)
