"""Rules on what people read: the card, the form, the guide."""

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
_SPOKEN = ("Before you start", "In <the vendor>", *_HEADINGS[2:])


def _fields(subject: Subject) -> Iterator[tuple[str, dict[str, object], bool, bool]]:
    for name, field in subject.loaded.form().fields.items():
        yield name, dict(field.metadata), field.load_only, field.required


def summary_fits(subject: Subject) -> Iterator[str]:
    integration = subject.loaded.integration
    summary = integration.summary.strip()
    if not 20 <= len(summary) <= 80:
        yield f"it has {len(summary)} characters"
    if summary.endswith("."):
        yield "it ends with a full stop"
    if re.search(rf"(?<!\w){re.escape(integration.name)}(?!\w)", summary, re.IGNORECASE):
        yield f"it says {integration.name} again"


def category_is_known(subject: Subject) -> Iterator[str]:
    if subject.loaded.integration.category not in CATEGORIES:
        yield f"there is no category {subject.loaded.integration.category!r}"


def logo_is_safe(subject: Subject) -> Iterator[str]:
    logo = subject.loaded.integration.logo
    if logo and (wrong := check_logo(logo)):
        yield wrong


def fields_have_labels(subject: Subject) -> Iterator[str]:
    for name, metadata, _, _ in _fields(subject):
        if not str(metadata.get("label", "")).strip():
            yield f"the field {name} has no label"


def fields_have_help(subject: Subject) -> Iterator[str]:
    for name, metadata, _, _ in _fields(subject):
        if not str(metadata.get("help", "")).strip():
            yield f"the field {name} has no help"


def secrets_are_marked(subject: Subject) -> Iterator[str]:
    for name, metadata, load_only, _ in _fields(subject):
        if metadata.get("secret") and not load_only:
            yield f"the field {name} is secret and not load_only"
        if _SECRET.search(name) and not metadata.get("secret"):
            yield f"the field {name} sounds like a secret and is not marked as one"


def required_fields_say_where(subject: Subject) -> Iterator[str]:
    for name, metadata, _, required in _fields(subject):
        if required and not metadata.get("where_to_find"):
            yield f"the field {name} does not say where to find it"


def guide_has_its_headings(subject: Subject) -> Iterator[str]:
    found = re.findall(r"^## +(.+?)\s*#*$", subject.loaded.guide, re.MULTILINE)
    at = 0
    for pattern, spoken in zip(_HEADINGS, _SPOKEN, strict=True):
        place = next(
            (
                n
                for n, text in enumerate(found[at:], at)
                if re.fullmatch(pattern, text)
                and (pattern != "In .+" or text.casefold() != "in ssoko")
            ),
            None,
        )
        if place is None:
            also = " in its place" if any(re.fullmatch(pattern, text) for text in found) else ""
            yield f'there is no "## {spoken}"{also}'
        else:
            at = place + 1


def guide_names_known_values(subject: Subject) -> Iterator[str]:
    yield from check_guide(subject.loaded.guide, form_fields(subject.loaded.form))
    rules = {rule.id for rule in _acceptance_rules(subject)}
    for kind in named_kinds(subject.loaded.guide):
        if (rule := rule_of(kind)) and rule not in rules:
            yield f"it names {kind}, and acceptance_rules has no rule {rule}"


def _acceptance_rules(subject: Subject) -> tuple[AcceptanceRule, ...]:
    try:
        return tuple(subject.call("acceptance_rules") or ())
    except HookFailed:
        return ()


def steps_name_their_evidence(subject: Subject) -> Iterator[str]:
    named = named_kinds(subject.loaded.guide)
    for kind in ("installed", "role", "sign-in"):
        if kind not in named:
            yield f"no step ends with {{{{ done: {kind} }}}}"


def guide_is_plain_markdown(subject: Subject) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]+`", "", subject.loaded.guide, flags=re.DOTALL)
    for tag in dict.fromkeys(re.findall(r"</?[a-z][a-z0-9]*(?:\s[^>]*)?/?>", text)):
        yield f"it holds {tag}, which is shown as it is written"
    if re.search(r"!\[[^\]]*\]\(", text):
        yield "it holds an image, which is not drawn"


def description_is_there(subject: Subject) -> Iterator[str]:
    if len(subject.loaded.integration.description.strip()) < 40:
        yield "Integration.description is empty, or shorter than a sentence"
    if not subject.loaded.integration.publisher.strip():
        yield "Integration.publisher is empty"


def guide_helps_in_trouble(subject: Subject) -> Iterator[str]:
    _, _, rest = subject.loaded.guide.partition("## Troubleshoot")
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.strip()]
    if len(rows) < 3:
        yield "Troubleshoot names no message and its remedy"


RULES = (
    Rule(
        "SSK010",
        "bronze",
        "every field has a label",
        "Screen readers and error messages name a field by it.",
        'Write metadata={"label": ...}, in the vendor\'s own word.',
        fields_have_labels,
    ),
    Rule(
        "SSK011",
        "bronze",
        "every field has a help",
        "It is the one line that is read while the vendor's page is open beside.",
        'Write metadata={"help": ...}, one line.',
        fields_have_help,
    ),
    Rule(
        "SSK012",
        "bronze",
        "secrets are marked",
        "What is not marked is shown to every admin again, in pages and in the API.",
        'Write load_only=True and metadata={"secret": True, ...}.',
        secrets_are_marked,
    ),
    Rule(
        "SSK020",
        "bronze",
        "the guide has its headings, in their order",
        "People know by them where to go on, and pages are built of them.",
        f"Write second-level headings: {', '.join(_SPOKEN)}.",
        guide_has_its_headings,
    ),
    Rule(
        "SSK021",
        "bronze",
        "the guide names only known values and evidence",
        "An unknown one would leave a hole in the guide, or a step that is never ticked.",
        "Use those listed in the plugin author's reference, or settings.<field> for a value.",
        guide_names_known_values,
        refusal="guide names",
    ),
    Rule(
        "SSK030",
        "bronze",
        "the logo is safe",
        "A picture must not run, load or link to anything.",
        "Draw it with shapes and gradients alone, or leave it empty for a monogram.",
        logo_is_safe,
        refusal="Integration.logo",
    ),
    Rule(
        "SSK031",
        "bronze",
        "the summary fits the card",
        "Twenty to eighty characters say what people can do; the name stands above them.",
        "Say what people can do, without the name and without a full stop.",
        summary_fits,
    ),
    Rule(
        "SSK032",
        "bronze",
        "the category is known",
        "The marketplace is filtered by it.",
        f"Use one of {', '.join(CATEGORIES)}.",
        category_is_known,
    ),
    Rule(
        "SSK060",
        "silver",
        "the guide is plain Markdown",
        "HTML is shown as it is written, and pictures are not drawn.",
        "Say it in words, lists and tables.",
        guide_is_plain_markdown,
    ),
    Rule(
        "SSK061",
        "silver",
        "the guide helps in trouble",
        "The vendor's message is what somebody searches for at that moment.",
        "Name a message, its cause and its remedy under Troubleshoot.",
        guide_helps_in_trouble,
    ),
    Rule(
        "SSK062",
        "silver",
        "it says what people get and who made it",
        "It is what an admin decides by.",
        "Give Integration a description and a publisher.",
        description_is_there,
    ),
    Rule(
        "SSK082",
        "gold",
        "required fields say where to find them",
        "Most of the time of an installation goes into looking for these.",
        'Write metadata={"where_to_find": ...}, the way through the vendor\'s menus.',
        required_fields_say_where,
    ),
    Rule(
        "SSK084",
        "gold",
        "steps name their evidence",
        "An application's guide then ticks them by itself, and says when and by whom.",
        "End steps with {{ done: installed }}, {{ done: role }}, {{ done: sign-in }}.",
        steps_name_their_evidence,
    ),
)
