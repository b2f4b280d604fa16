"""Fields for install forms, made for values that people copy and paste.

They are marshmallow fields: what copying adds to a text is removed (spaces, invisible characters,
quotes, a label such as ``Entity ID:``), a required text must not be empty, lists can be entered as
lines, and every message says what to do. Texts for the page can be given directly or in
``metadata``::

    class InstallForm(fields.Form):
        vanity_url = fields.Host(
            suffix=".zoom.us",
            required=True,
            label="Vanity URL",
            help="The URL of your account",
            placeholder="acme.zoom.us",
            where_to_find="In Zoom: Account Management > Account Profile",
            usual=r"[a-z0-9-]+\\.zoom\\.us",
        )
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ssoko.plugin.checks import check_text, host, read_certificates
from ssoko.plugin.values import Problem
from ssoko.text import pasted
from ssoko.text.certificates import (
    Certificate,
    CertificateError,
    find_certificates,
    without_issuers,
)

#: Keys of ``metadata`` that the fields of this module accept as arguments too.
METADATA_KEYS = (
    "label",
    "help",
    "placeholder",
    "where_to_find",
    "choices",
    "multiline",
    "secret",
    "usual",
)


class Form(Schema):
    """A form that says what to do about a field it does not have."""

    error_messages = {"unknown": "This form has no such field. Remove it"}


class _Described(fields.Field[Any]):
    """A field with texts for the page, whose messages name its label."""

    default_error_messages = {
        "required": "Enter the {label}",
        "null": "Enter the {label}",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        texts = {key: kwargs.pop(key) for key in METADATA_KEYS if key in kwargs}
        metadata = {**texts, **(kwargs.pop("metadata", None) or {})}
        super().__init__(*args, metadata=metadata, **kwargs)

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        return super().make_error(key, label=_label(self), **kwargs)


def warnings(form: type[Schema], settings: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return a warning for each text that does not match the pattern ``usual`` of its field.

    This is what the hook ``check_settings`` does where a plugin does not implement it. Vendors add
    new kinds of URLs, so a value that only looks unusual is not refused.
    """
    return tuple(_warnings(form, settings))


def _warnings(form: type[Schema], settings: Mapping[str, Any]) -> Iterator[Problem]:
    for name, field in form().fields.items():
        usual, text = field.metadata.get("usual"), settings.get(name)
        if usual and isinstance(text, str) and text and not re.fullmatch(usual, text):
            where = str(field.metadata.get("where_to_find", ""))
            there = where[0].lower() + where[1:] if where.startswith("In ") else "at the vendor"
            yield Problem(
                name,
                f"This {_label(field)} looks unusual. Compare it with the one {there}",
                "warning",
            )


def clean_raw(form: Callable[[], Schema], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return posted values without what copying added to them, for fields of any kind.

    The fields of this module clean their values too; this does it for marshmallow's own.
    """
    return {key: value for key, value, _ in _cleaned_fields(form().load_fields, raw)}


def cleaning_notes(form: Callable[[], Schema], raw: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what is removed from posted values, as a warning at each field."""
    return tuple(
        Problem(key, pasted.describe(removed), "warning")
        for key, _, removed in _cleaned_fields(form().load_fields, raw)
        if removed
    )


def _cleaned_fields(
    form: Mapping[str, fields.Field[Any]], raw: Mapping[str, Any]
) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Yield name, cleaned value and what was removed, for each value."""
    by_key = {field.data_key or name: field for name, field in form.items()}
    for key, value in raw.items():
        field = by_key.get(key) if isinstance(key, str) else None
        removed: dict[str, None] = {}
        yield key, _cleaned(field, value, removed) if field else value, tuple(removed)


def _cleaned(field: fields.Field[Any], value: Any, removed: dict[str, None]) -> Any:
    if isinstance(field, Certificates):
        removed.update(dict.fromkeys(_certificate_notes(value)))
        return value
    if isinstance(field, fields.String) and isinstance(value, str):
        text, parts = _clean(field, value)
        removed.update(dict.fromkeys(parts))
        return text
    if isinstance(field, Lines) and isinstance(value, str | list):
        value = field.split(value)
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_cleaned(field.inner, item, removed) for item in value]
    if isinstance(field, fields.Nested) and isinstance(value, Mapping):
        inner = field.schema.load_fields
        row = list(_cleaned_fields(inner, value))
        removed.update((part, None) for _, _, parts in row for part in parts)
        return {key: cell for key, cell, _ in row}
    return value


def _clean(field: fields.Field[Any], text: str) -> pasted.Pasted:
    secret = bool(field.metadata.get("secret") or field.load_only)
    labels = (str(field.metadata.get("label", "")), field.name or "")
    return pasted.clean(text, labels=labels, secret=secret)


def _label(field: fields.Field[Any]) -> str:
    label = str(field.metadata.get("label") or (field.name or "value").replace("_", " "))
    return in_sentence(label)


def in_sentence(label: str) -> str:
    """Return a label as it is written within a sentence: ``sign-in URL`` for ``Sign-in URL``.

    Names such as ``ACS URL`` and ``My Domain`` are not changed.
    """
    first, *others = label.split() or [""]
    if first[1:].islower() and all(word.islower() or word.isupper() for word in others):
        return label[0].lower() + label[1:]
    return label


class Text(_Described, fields.String):
    """A text of one or more lines, without characters that XML cannot contain.

    A subclass can override :meth:`clean`.
    """

    default_error_messages = {
        "invalid": "Enter the {label} as text",
        "invalid_utf8": "Enter the {label} in UTF-8",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = _clean(self, super()._deserialize(value, attr, data, **kwargs)).text
        if self.required and not text:
            raise self.make_error("required")
        check_text(text)
        return self.clean(text)

    def clean(self, text: str) -> str:
        """Return the text in the form that is stored, such as without parts of a pasted URL."""
        return text


class Choice(Text):
    """One value out of a list.

    :param choices: value to label.
    """

    def __init__(self, choices: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(choices=choices, **kwargs)

    def clean(self, text: str) -> str:
        *others, last = self.metadata["choices"]
        if text not in self.metadata["choices"]:
            raise ValidationError(f"Choose {', '.join(others)} or {last}" if others else last)
        return text


class Host(Text):
    """The host of an account at a vendor: the host itself, its first part, or a URL on it.

    :param suffix: such as ``.zoom.us``, added to a text without a dot.
    :param vendor_hosts: hosts of the vendor that belong to no single account.
    """

    def __init__(self, suffix: str, *, vendor_hosts: Collection[str] = (), **kwargs: Any) -> None:
        self.suffix = suffix
        self.check_host = host(f"acme{suffix}", vendor_hosts=vendor_hosts)
        super().__init__(**kwargs)

    def clean(self, text: str) -> str:
        if not text:
            return ""
        name = host_of(text)
        name = name if "." in name else f"{name}{self.suffix}"
        self.check_host(name)
        return name


def host_of(text: str) -> str:
    """Return the host of a URL in lowercase: without scheme, path, query and fragment."""
    name = re.sub(r"^https?://", "", text.lower())
    return re.split(r"[/?#]", name, maxsplit=1)[0].removesuffix(":443").rstrip(".")


class Lines(_Described, fields.List[str]):
    """A list of texts without duplicates; also one text with one value per line."""

    default_error_messages = {
        "required": "Enter the {label}, one per line",
        "null": "Enter the {label}, one per line",
        "invalid": "Enter the {label} as a list, or as text with one per line",
    }

    def split(self, value: str | list[Any]) -> list[Any]:
        """Return the items of a posted value."""
        if isinstance(value, str):
            return [line for line in value.splitlines() if line.strip()]
        return value

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[str | None]:
        if isinstance(value, str | list):
            value = self.split(value)
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Urls(Lines):
    """A list of URLs; also text with spaces, commas, semicolons or line breaks between them."""

    def split(self, value: str | list[Any]) -> list[Any]:
        """Return the items of a posted value; each text of a list may have several URLs."""
        if isinstance(value, str):
            return pasted.split_urls(value)
        items: list[Any] = []
        for item in value:
            parts = pasted.split_urls(item) if isinstance(item, str) else []
            items += parts or [item]
        return items


class Certificates(_Described, fields.List[str]):
    """A list of PEM certificates; also text with several, in any usual form.

    Of a chain only the certificate of the SP itself is kept: the keys of the others issue
    certificates, and are not in the hands of the SP.
    """

    default_error_messages = {
        "invalid": "Enter a list of certificates, or text with one after the other",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[str | None]:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = [pem for item in value for pem in read_certificates(item)]
        pems = list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))
        left_out = {certificate.pem.strip() for certificate in _issuers(pems)}
        return [pem for pem in pems if pem not in left_out]


def _issuers(texts: Any) -> tuple[Certificate, ...]:
    """Return the certificates of chains in posted texts that only issue others."""
    found: list[Certificate] = []
    for text in texts if isinstance(texts, list) else [texts]:
        try:
            found += find_certificates(text) if isinstance(text, str) else ()
        except CertificateError:
            continue
    return without_issuers(found)[1]


def _certificate_notes(value: Any) -> Iterator[str]:
    """Yield the certificates of a chain that are not kept, as text."""
    for certificate in _issuers(value):
        yield (
            f"{certificate.subject}, which issued another certificate here and is not trusted for "
            "signing"
        )


class Flag(_Described, fields.Boolean):
    """True or false."""

    default_error_messages = {"invalid": "Enter true or false", "null": "Enter true or false"}
