"""Rules on texts: the card, the form, the guide."""

import re
from collections.abc import Iterator

from ssoko.errors import HookFailed
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.guide import check_guide
from ssoko.plugin.host.logo import check_logo
from ssoko.plugin.host.validate import form_fields
from ssoko.plugin.steps import named_kinds, rule_of
from ssoko.plugin.tools.rules.rule import Rule
from ssoko.plugin.tools.rules.subject import Subject
from ssoko.plugin.values import CATEGORIES

_SECRET = re.compile(r"(^|_)(password|passphrase|secret|token|api_?key|private_?key)($|_)")
_HEADINGS = ("Before you start", "In .+", "In Ssoko", "Test", "Troubleshoot", "Remove")
_HEADING_NAMES = ("Before you start", "In <the vendor>", *_HEADINGS[2:])


def _fields(subject: Subject) -> Iterator[tuple[str, dict[str, object], bool, bool]]:
    for name, field in subject.loaded.form.fields.items():
        yield name, dict(field.metadata), field.load_only, field.required


def summary_fits(subject: Subject) -> Iterator[str]:
    integration = subject.loaded.integration
    summary = integration.summary.strip()
    if not 20 <= len(summary) <= 80:
        yield f"the summary has {len(summary)} characters"
    if summary.endswith("."):
        yield "the summary ends with a full stop"
    if re.search(rf"(?<!\w){re.escape(integration.name)}(?!\w)", summary, re.IGNORECASE):
        yield f"the summary repeats {integration.name}"


def category_is_known(subject: Subject) -> Iterator[str]:
    if subject.loaded.integration.category not in CATEGORIES:
        yield f"unknown category {subject.loaded.integration.category!r}"


def logo_is_safe(subject: Subject) -> Iterator[str]:
    logo = subject.loaded.integration.logo
    if logo and (message := check_logo(logo)):
        yield message


def fields_have_labels(subject: Subject) -> Iterator[str]:
    for name, metadata, _, _ in _fields(subject):
        if not str(metadata.get("label", "")).strip():
            yield f"the field {name} has no label"


def fields_have_help(subject: Subject) -> Iterator[str]:
    for name, metadata, _, _ in _fields(subject):
        if not str(metadata.get("help", "")).strip():
            yield f"the field {name} has no help text"


def secrets_are_marked(subject: Subject) -> Iterator[str]:
    for name, metadata, load_only, _ in _fields(subject):
        if metadata.get("secret") and not load_only:
            yield f"the field {name} is secret but not load_only"
        if _SECRET.search(name) and not metadata.get("secret"):
            yield f"the field {name} has the name of a secret but is not marked as one"


def required_fields_say_where(subject: Subject) -> Iterator[str]:
    for name, metadata, _, required in _fields(subject):
        if required and not metadata.get("where_to_find"):
            yield f"the field {name} does not say where to find it"


def guide_has_its_headings(subject: Subject) -> Iterator[str]:
    headings = re.findall(r"^## +(.+?)\s*#*$", subject.loaded.guide, re.MULTILINE)
    at = 0
    for pattern, heading in zip(_HEADINGS, _HEADING_NAMES, strict=True):
        place = next(
            (
                n
                for n, text in enumerate(headings[at:], at)
                if re.fullmatch(pattern, text)
                and (pattern != "In .+" or text.casefold() != "in ssoko")
            ),
            None,
        )
        if place is None:
            also = (
                " in the right order"
                if any(re.fullmatch(pattern, text) for text in headings)
                else ""
            )
            yield f'there is no "## {heading}"{also}'
        else:
            at = place + 1


def guide_names_known_values(subject: Subject) -> Iterator[str]:
    yield from check_guide(subject.loaded.guide, form_fields(subject.loaded.form))
    rules = {rule.id for rule in _acceptance_rules(subject)}
    for kind in named_kinds(subject.loaded.guide):
        if (rule := rule_of(kind)) and rule not in rules:
            yield f"the guide has {kind}, but acceptance_rules has no rule {rule}"


def _acceptance_rules(subject: Subject) -> tuple[AcceptanceRule, ...]:
    try:
        return tuple(subject.call("acceptance_rules") or ())
    except HookFailed:
        return ()


def steps_have_evidence(subject: Subject) -> Iterator[str]:
    named = named_kinds(subject.loaded.guide)
    for kind in ("installed", "role", "sign-in"):
        if kind not in named:
            yield f"no step ends with {{{{ done: {kind} }}}}"


def guide_is_plain_markdown(subject: Subject) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]+`", "", subject.loaded.guide, flags=re.DOTALL)
    for tag in dict.fromkeys(re.findall(r"</?[a-z][a-z0-9]*(?:\s[^>]*)?/?>", text)):
        yield f"the guide has {tag}, which is shown as text"
    if re.search(r"!\[[^\]]*\]\(", text):
        yield "the guide has an image, which is not shown"


def description_is_there(subject: Subject) -> Iterator[str]:
    if len(subject.loaded.integration.description.strip()) < 40:
        yield "the description is shorter than 40 characters"
    if not subject.loaded.integration.publisher.strip():
        yield "Integration.publisher is empty"


def guide_has_troubleshooting(subject: Subject) -> Iterator[str]:
    _, _, rest = subject.loaded.guide.partition("## Troubleshoot")
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.strip()]
    if len(rows) < 3:
        yield "Troubleshoot has no error message with its fix"


RULES = (
    Rule(
        "SSK010",
        "bronze",
        "every field has a label",
        "Screen readers and error messages use it.",
        "Set label=..., with the vendor's name for the field.",
        fields_have_labels,
    ),
    Rule(
        "SSK011",
        "bronze",
        "every field has a help text",
        "Admins read it next to the vendor's page.",
        "Set help=..., one line.",
        fields_have_help,
    ),
    Rule(
        "SSK012",
        "bronze",
        "secrets are marked",
        "Other values are shown to every admin, on pages and in the API.",
        "Set load_only=True and secret=True.",
        secrets_are_marked,
    ),
    Rule(
        "SSK020",
        "bronze",
        "the guide has all headings, in order",
        "Admins find their place by them, and pages use them.",
        f"Use the second-level headings {', '.join(_HEADING_NAMES)}.",
        guide_has_its_headings,
    ),
    Rule(
        "SSK021",
        "bronze",
        "the guide has only known values and evidence",
        "An unknown value leaves a gap in the guide; unknown evidence is never ticked.",
        "Use those of the plugin reference, or settings.<field> for a value.",
        guide_names_known_values,
        refusal="The guide has",
    ),
    Rule(
        "SSK030",
        "bronze",
        "the logo is safe",
        "A logo must not run, load or link to anything.",
        "Use shapes and gradients only, or leave it empty for a monogram.",
        logo_is_safe,
        refusal="Integration.logo",
    ),
    Rule(
        "SSK031",
        "bronze",
        "the summary fits the card",
        "The card has room for 20 to 80 characters, below the name.",
        "Say what users can do, without the name and without a full stop.",
        summary_fits,
    ),
    Rule(
        "SSK032",
        "bronze",
        "the category is known",
        "The marketplace has a filter by category.",
        f"Use one of {', '.join(CATEGORIES)}.",
        category_is_known,
    ),
    Rule(
        "SSK060",
        "silver",
        "the guide is plain Markdown",
        "HTML is shown as text, and images are not shown.",
        "Use text, lists and tables.",
        guide_is_plain_markdown,
    ),
    Rule(
        "SSK061",
        "silver",
        "the guide has troubleshooting",
        "Admins search for the vendor's error message.",
        "List an error message, its cause and the fix under Troubleshoot.",
        guide_has_troubleshooting,
    ),
    Rule(
        "SSK062",
        "silver",
        "description and publisher are set",
        "Admins read them before they install.",
        "Write description.md, and set publisher.",
        description_is_there,
    ),
    Rule(
        "SSK082",
        "gold",
        "required fields say where to find them",
        "Searching for them takes most of the time of an installation.",
        "Set where_to_find=..., the menu path at the vendor.",
        required_fields_say_where,
    ),
    Rule(
        "SSK084",
        "gold",
        "steps have evidence",
        "These steps are then ticked automatically, with time and user.",
        "End steps with {{ done: installed }}, {{ done: role }}, {{ done: sign-in }}.",
        steps_have_evidence,
    ),
)
