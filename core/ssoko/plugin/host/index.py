"""The index file: integrations that pip can install, as ``ssoko index build`` writes them.

::

    {"format": 1, "integrations": [{"slug": "zoom", "distribution": "ssoko-zoom", ...}]}

Unknown fields are ignored. One invalid entry refuses the whole file, because a partial list would
look complete.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Regexp
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ssoko.errors import InputError
from ssoko.plugin.host.registry import SLUG
from ssoko.plugin.host.validate import integration_problems
from ssoko.plugin.values import Integration

FORMAT = 1
MAX_BYTES = 5 * 1024 * 1024
MAX_DESCRIPTION = 4000
#: From lowest to highest; empty when the wheel was not checked.
_TIERS = ("", "bronze", "silver", "gold")

#: Fields of :class:`Integration` that an entry contains.
_ABOUT = (
    "name summary description vendor category homepage publisher logo monogram aliases "
    "requirements tested_with opt_in"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One integration of an index.

    :param about: the plugin's description of the integration.
    :param requires_core: versions of Ssoko that the wheel requires, such as ``>=0.1,<0.2``.
    :param sha256: of the wheel, 64 hexadecimal digits.
    :param tier: the result of ``ssoko plugin check`` for the wheel, or empty.
    """

    slug: str
    distribution: str
    version: str
    about: Integration
    requires_core: str = ""
    sha256: str
    tier: str = ""

    @property
    def pip_command(self) -> str:
        """Return the command to install it."""
        return f"pip install {self.distribution}=={self.version}"

    def fits(self, core: str) -> bool:
        """Return whether the wheel accepts a version of Ssoko."""
        return SpecifierSet(self.requires_core).contains(core, prereleases=True)

    def is_newer_than(self, distribution: str, version: str) -> bool:
        """Return whether this is a later version of the installed distribution."""
        if canonicalize_name(distribution) != canonicalize_name(self.distribution):
            return False
        try:
            return Version(self.version) > Version(version)
        except InvalidVersion:
            return False


def write_index(entries: Iterable[IndexEntry]) -> bytes:
    """Return the file for some entries; the same entries give the same bytes.

    :raises InputError: with the entry and the field that is not valid.
    """
    listed = [_entry_to_json(entry) for entry in sorted(entries, key=lambda entry: entry.slug)]
    document = {"format": FORMAT, "integrations": listed}
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    data = f"{text}\n".encode("utf-8", "surrogatepass")
    read_index(data)
    return data


def _entry_to_json(entry: IndexEntry) -> dict[str, Any]:
    about = asdict(entry.about)
    return {name: about[name] for name in _ABOUT} | {
        "slug": entry.slug,
        "distribution": entry.distribution,
        "version": entry.version,
        "requires_core": entry.requires_core,
        "sha256": entry.sha256,
        "tier": entry.tier,
    }


def read_index(data: bytes) -> Mapping[str, IndexEntry]:
    """Return the entries of an index file by their slugs.

    :raises InputError: with the first error, at ``zoom.logo`` or ``format``.
    """
    document = _parse(data)
    if document.get("format") != FORMAT:
        raise InputError.of(
            "format",
            f"This version of Ssoko reads format {FORMAT}. Build the index with its "
            "`ssoko index build`",
        )
    listed = document.get("integrations")
    if not isinstance(listed, list):
        raise InputError.of("integrations", "Enter a list of integrations")
    entries: dict[str, IndexEntry] = {}
    schema = _EntrySchema()
    for index, raw in enumerate(listed):
        entry = _entry(schema, raw, index)
        if entry.slug in entries:
            raise InputError.of(
                f"{entry.slug}.slug", "This slug is a duplicate. Use each slug once"
            )
        entries[entry.slug] = entry
    return MappingProxyType(entries)


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise InputError.of("", f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it")
    try:
        document = json.loads(data.decode("utf-8"))
        # JSON can contain lone surrogates, which no page can send.
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise InputError.of("", "The file is not valid UTF-8. Save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        message = f"The file is not valid JSON ({error}). Build one with `ssoko index build`"
        raise InputError.of("", message) from None
    if not isinstance(document, dict):
        raise InputError.of("", "The file must contain one object with format and integrations")
    return document


def _entry(schema: Schema, raw: Any, index: int) -> IndexEntry:
    slug = raw.get("slug") if isinstance(raw, dict) else None
    at = slug if isinstance(slug, str) and SLUG.fullmatch(slug) else f"integrations.{index}"
    try:
        loaded = schema.load(raw)
    except ValidationError as error:
        field, message = _first(error.messages)
        raise InputError.of(f"{at}.{field}".rstrip("."), message) from None
    about = Integration(**{name: loaded.pop(name) for name in _ABOUT})
    for problem in integration_problems(about):
        field = problem.field.removeprefix("Integration.")
        raise InputError.of(f"{at}.{field}", problem.message[:1].upper() + problem.message[1:])
    return IndexEntry(about=about, **loaded)


def _first(messages: Any) -> tuple[str, str]:
    """Return the path and the text of the first message in marshmallow's tree."""
    path = []
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        path.append(str(key))
    return ".".join(part for part in path if part != "_schema"), str(messages[0])


def _is_version(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        raise ValidationError("Enter a version such as 0.1.0") from None


def _is_range(text: str) -> None:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValidationError("Enter versions such as >=0.1,<0.2") from None


def _is_https(text: str) -> None:
    if text and not text.startswith("https://"):
        raise ValidationError("Enter a URL that starts with https://")


def _text(most: int, *more: Any, **options: Any) -> fields.String:
    length = Length(max=most, error=f"Shorten this to {most} characters")
    messages: dict[str, Any] = dict.fromkeys(("required", "null", "invalid"), "Enter a text")
    return fields.String(validate=[length, *more], error_messages=messages, **options)


def _line(most: int, *more: Any, **options: Any) -> fields.String:
    one_line = Regexp(
        r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z", error="Use one line without control characters"
    )
    return _text(most, one_line, *more, **options)


def _tuple(most: int, length: int) -> "_Tuple":
    count = Length(max=most, error=f"Enter at most {most}")
    messages: dict[str, Any] = dict.fromkeys(("null", "invalid"), "Enter a list of texts")
    return _Tuple(_line(length), validate=count, error_messages=messages, load_default=())


class _Tuple(fields.List[str]):
    def deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super().deserialize(*args, **kwargs))


class _EntrySchema(Schema):
    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "Enter an object for each integration"}

    slug = _line(
        40,
        Regexp(rf"{SLUG.pattern}\Z", error="Use lowercase letters, digits and hyphens"),
        required=True,
    )
    distribution = _line(
        100,
        Regexp(
            r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z",
            error="Enter a distribution name for pip",
        ),
        required=True,
    )
    version = _line(64, _is_version, required=True)
    requires_core = _line(200, _is_range, load_default="")
    sha256 = _line(
        64,
        Regexp(r"[0-9a-f]{64}\Z", error="Enter 64 hexadecimal digits in lowercase"),
        required=True,
    )
    tier = _line(
        10, OneOf(_TIERS, error="Use bronze, silver, gold or an empty text"), load_default=""
    )
    name = _line(60, required=True)
    summary = _line(200, required=True)
    description = _text(MAX_DESCRIPTION, load_default="")
    vendor = _line(60, load_default="")
    category = _line(60, load_default="Other")
    homepage = _line(2048, _is_https, load_default="")
    publisher = _line(60, load_default="")
    logo = _text(32 * 1024, load_default="")
    monogram = _line(3, load_default="")
    aliases = _tuple(30, 60)
    requirements = _tuple(20, 300)
    tested_with = _line(200, load_default="")
    opt_in = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        error_messages={"invalid": "Use true or false"},
    )
