"""Fields for install forms, made for values that people copy and paste.

They are marshmallow fields: spaces at the ends are removed, a required text must not be empty,
lists can be entered as lines, and every message says what to do. Texts for the page can be given
directly or in ``metadata``::

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
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ssoko.plugin.checks import check_text, host, read_certificates
from ssoko.plugin.values import Problem

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
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
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
        name = re.sub(r"^https?://", "", text.lower()).partition("/")[0]
        if not text:
            return ""
        name = name if "." in name else f"{name}{self.suffix}"
        self.check_host(name)
        return name


class Lines(_Described, fields.List[str]):
    """A list of texts without duplicates; also one text with one value per line."""

    default_error_messages = {
        "required": "Enter the {label}, one per line",
        "null": "Enter the {label}, one per line",
        "invalid": "Enter the {label} as a list, or as text with one per line",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[str | None]:
        if isinstance(value, str):
            value = [line for line in value.splitlines() if line.strip()]
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Certificates(_Described, fields.List[str]):
    """A list of PEM certificates; also one text with several, or base64 without BEGIN and END."""

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
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Flag(_Described, fields.Boolean):
    """True or false."""

    default_error_messages = {"invalid": "Enter true or false", "null": "Enter true or false"}
