"""The install form of a plugin: what it takes, and that its faults are named."""

import enum
from decimal import Decimal

import pytest
from marshmallow import Schema, ValidationError, fields, validate, validates
from ssoko.errors import HookFailed, InputError
from ssoko.plugin import checks
from ssoko.plugin import fields as ours
from ssoko.plugin.host.form import InstallForm, choices_of
from ssoko.plugin.host.validate import form_problems


class Plan(enum.Enum):
    FREE = "free"
    PAID = "paid"


def never(value: object) -> None:
    raise AssertionError(f"a validator saw {value!r}")


class Row(Schema):
    key = fields.String(required=True, data_key="rowKey")
    note = fields.String(load_default="", validate=never)


class Everything(Schema):
    plan = fields.Enum(Plan, by_value=True, load_default=Plan.FREE)
    tier = fields.Enum(Plan, load_default=Plan.FREE)
    region = fields.String(load_default="eu", validate=validate.OneOf(["eu", "us"]))
    kinds = fields.List(fields.String(), validate=validate.ContainsOnly(["a", "b"]))
    acs_url = fields.String(data_key="acsUrl", load_default="", validate=checks.check_url)
    token = fields.String(data_key="apiToken", load_default="", load_only=True)
    price = fields.Decimal(load_default=Decimal("1.50"))
    seats = fields.Integer(load_default=3)
    rows = fields.List(fields.Nested(Row), load_default=list)
    groups = fields.String(load_default="*")


FORM = InstallForm("everything", Everything)


def test_supported_fields_are_accepted():
    assert list(form_problems(FORM)) == []


def test_values_of_every_supported_field_survive_a_round_trip():
    raw = {
        "plan": "paid",
        "tier": "PAID",
        "region": "us",
        "kinds": ["b"],
        "acsUrl": "https://a.test/acs",
        "price": "2.75",
        "seats": 7,
        "rows": [{"rowKey": "x"}],
        "groups": "eng-*",
    }
    values = FORM.load(raw)
    assert (values["plan"], values["tier"], values["price"]) == (
        Plan.PAID,
        Plan.PAID,
        Decimal("2.75"),
    )
    assert values["acs_url"] == "https://a.test/acs"
    stored = FORM.dump(values)
    assert stored["rows"] == [{"rowKey": "x", "note": ""}]
    assert stored | {"rows": raw["rows"]} == raw | {"rows": raw["rows"]}
    assert FORM.load(stored) == values


def test_a_field_has_the_name_of_its_data_key():
    assert {"acsUrl", "apiToken"} <= FORM.fields.keys()
    assert FORM.secret == {"apiToken"}
    assert FORM.value(FORM.load({"apiToken": "t"}), "apiToken") == "t"
    assert (FORM.name_of("acs_url"), FORM.name_of("rows.0.key")) == ("acsUrl", "rows.0.key")


@pytest.mark.parametrize("blank", ["", "  ", "\n", None])
@pytest.mark.parametrize("name", sorted(FORM.fields.keys() - {"groups"}))
def test_a_blank_optional_field_has_its_default(name, blank):
    assert FORM.load({name: blank}) == FORM.load({})


def test_a_blank_text_without_validators_replaces_its_default():
    assert FORM.load({"groups": ""})["groups"] == ""


def test_a_blank_cell_of_a_row_reaches_no_validator():
    assert FORM.load({"rows": [{"rowKey": "x", "note": ""}]})["rows"][0]["note"] == ""


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_text_that_nothing_can_store_is_refused_at_its_field(text):
    with pytest.raises(InputError, match="valid Unicode") as refused:
        FORM.load({"groups": text})
    assert list(refused.value.settings) == ["groups"]


@pytest.mark.parametrize(
    ("name", "choices"),
    [("plan", ["free", "paid"]), ("tier", ["FREE", "PAID"]), ("kinds", ["a", "b"])]
    + [("region", ["eu", "us"])],
)
def test_choices_come_from_enums_and_validators(name, choices):
    assert [value for value, _ in choices_of(FORM.fields[name])] == choices


UNSUPPORTED = [
    fields.Dict(),
    fields.Raw(),
    fields.Nested(Row),
    fields.Nested(Row, many=True),
    fields.DateTime(),
    fields.TimeDelta(),
    fields.Tuple((fields.String(),)),
    fields.IP(),
    fields.List(fields.List(fields.String())),
    fields.List(fields.Dict()),
    fields.List(fields.Nested(Schema.from_dict({"more": fields.List(fields.Nested(Row))}))),
]


@pytest.mark.parametrize("field", UNSUPPORTED, ids=lambda field: type(field).__name__)
def test_other_fields_are_refused_by_name(field):
    form = InstallForm("odd", Schema.from_dict({"odd_one": field}))
    (problem,) = form_problems(form)
    assert "odd_one" in problem.message
    assert "use one of String" in problem.message


@pytest.mark.parametrize(
    "metadata",
    [
        {"label": 7},
        {"help": "\ud800"},
        {"label": "x" * 201},
        {"usual": "("},
        {"choices": {"a": "\udfff"}},
        {"choices": {str(number): "x" for number in range(1001)}},
    ],
    ids=lambda metadata: next(iter(metadata)),
)
def test_texts_that_no_page_can_show_are_refused_by_name(metadata):
    form = InstallForm("odd", Schema.from_dict({"host": fields.String(metadata=metadata)}))
    assert any("host" in problem.message for problem in form_problems(form))


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def faulty(error: BaseException) -> InstallForm:
    class Faulty(Schema):
        host = fields.String()

        @validates("host")
        def refuse(self, value: str, **_: object) -> None:
            raise error

    return InstallForm("faulty", Faulty)


@pytest.mark.parametrize("error", [Mute(), SystemExit(3), RecursionError(), InputError({})])
def test_whatever_a_form_raises_is_a_failure_of_the_plugin(error):
    with pytest.raises(HookFailed, match="faulty.*install_form"):
        faulty(error).load({"host": "x"})


@pytest.mark.parametrize("text", [Mute(), "\ud800", "x" * 20_000_000, {"a": {"b": Mute()}}])
def test_an_error_with_any_text_is_shown_in_short(text):
    form = faulty(ValidationError(text))
    with pytest.raises(InputError) as refused:
        form.load({"host": "x"})
    message = str(refused.value)
    assert len(message.encode()) < 5000


def test_fields_made_for_pasted_text_are_supported():
    class Pasted(ours.Form):
        text = ours.Text()
        host = ours.Host(".acme.test")
        choice = ours.Choice({"a": "A"}, load_default="a")
        lines = ours.Lines(ours.Text())
        certificates = ours.Certificates(ours.Text())
        flag = ours.Flag()

    form = InstallForm("pasted", Pasted)
    assert list(form_problems(form)) == []
    assert form.load(dict.fromkeys(form.fields, "")) == form.load({})
