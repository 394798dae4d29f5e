"""An explicit marshmallow schema: what it loads is what the function receives; unknown fields are always refused."""

from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator
from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, post_load, validate, validates_schema

from tasks import CatalogError, analysis
from tasks.framework import fields as strict


class Bin(Schema):
    class Meta:
        unknown = INCLUDE

    low = strict.Float(required=True)
    high = strict.Float(required=True)

    @validates_schema
    def check_order(self, data: dict[str, float], **kwargs: Any) -> None:
        if data["low"] > data["high"]:
            raise ValidationError("low is above high.")


class Bins(Schema):
    class Meta:
        unknown = EXCLUDE

    bins = fields.List(fields.Nested(Bin, unknown=EXCLUDE), required=True, validate=validate.Length(1, 5))
    column = strict.String(data_key="on", load_default="x", metadata={"description": "Its own words."})
    labels = fields.Dict(fields.String(), fields.Nested(Bin), load_default={})
    span = fields.Tuple((strict.Integer(), fields.Nested(Bin)), load_default=None)


@analysis(params=Bins)
def histogram(data: object, *, bins: list[Any], column: str, labels: dict[str, Any], span: Any) -> object:
    """Count.

    Parameters
    ----------
    bins
        Where to cut.
    column
        Not these words.
    """
    return (data, bins, column, labels, span)


BIN = {"low": 0, "high": 1.5}
LOADED = {"bins": [{"low": 0.0, "high": 1.5}], "column": "x", "labels": {}, "span": None}


def test_the_function_receives_what_the_schema_loads() -> None:
    assert histogram.load({"bins": [BIN]}) == LOADED
    assert histogram.run("table", None, LOADED) == ("table", LOADED["bins"], "x", {}, None)


@pytest.mark.parametrize(
    "params",
    [
        {"bins": [BIN], "more": 1},
        {"bins": [{**BIN, "more": 1}]},
        {"bins": [BIN], "labels": {"a": {**BIN, "more": 1}}},
        {"bins": [BIN], "span": [1, {**BIN, "more": 1}]},
    ],
    ids=str,
)
def test_unknown_fields_are_refused_on_every_level(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"Unknown field\."):
        histogram.load(params)


def test_the_authors_class_is_left_as_it_was() -> None:
    assert Bins().load({"bins": [{**BIN, "more": 1}], "more": 1})["bins"] == [BIN]


def test_the_schemas_own_rules_are_kept() -> None:
    with pytest.raises(ValidationError, match="low is above high"):
        histogram.load({"bins": [{"low": 2, "high": 1}]})


def test_a_mutable_default_is_not_shared_between_loads() -> None:
    histogram.load({"bins": [BIN]})["labels"]["a"] = 1

    assert histogram.load({"bins": [BIN]})["labels"] == {}


def test_the_json_schema_speaks_the_clients_names() -> None:
    schema: Any = histogram.json_schema()

    Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == ["bins", "on", "labels", "span"]
    assert schema["required"] == ["bins"]
    assert schema["properties"]["bins"]["items"]["additionalProperties"] is False
    assert schema["properties"]["bins"]["description"] == "Where to cut."
    assert schema["properties"]["on"]["description"] == "Its own words."
    assert (schema["properties"]["bins"]["minItems"], schema["properties"]["labels"]["default"]) == (1, {})


def test_the_example_validates() -> None:
    assert histogram.load(histogram.example())["bins"] == [{"low": 1.0, "high": 1.0}]


def test_an_instance_is_taken_too() -> None:
    @analysis(params=Bins(only=("bins",)))
    def count(**params: Any) -> Any:
        return params

    assert count.run(None, None, count.load({"bins": [BIN]})) == {"bins": LOADED["bins"]}


class Itself(Schema):
    inner = fields.Nested(lambda: Itself())  # noqa: PLW0108 - the name is not there yet


class Given(Schema):
    data = fields.Integer()


class Loose(Schema):
    bins = fields.Integer()


class Object(Schema):
    bins = strict.Integer(required=True)

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> object:
        return tuple(data.items())


def of_bins(*, bins: object) -> None: ...


def of_anything(**params: object) -> None: ...


@pytest.mark.parametrize(
    ("params", "function", "reason"),
    [
        (Bins, of_bins, "parameter 'column': its schema has a field of this name, the function has no such parameter"),
        (Loose, of_bins, "parameter 'bins': it has no default, so its schema needs a field of this name, required or"),
        (Schema, of_bins, "parameter 'bins': it has no default"),
        (Given, of_anything, "parameter 'data': its schema has a field of this name, which the worker gives"),
        (Itself, of_anything, "its schema Itself contains itself"),
        (Bins(many=True), of_anything, "its schema must load one object, without many=True"),
        (Object, of_bins, "its schema loads a tuple; it must load a dict, so leave post_load out"),
    ],
)
def test_a_schema_that_does_not_fit_the_function_is_refused(params: Any, function: Any, reason: str) -> None:
    with pytest.raises(CatalogError, match=f": {reason}"):
        analysis(params=params)(function)


class Everything(Schema):
    """The fields of marshmallow that a JSON Schema can describe."""

    expected: ClassVar[dict[str, dict[str, Any]]] = {
        "number": {"type": "number"},
        "whole": {"type": "integer", "minimum": 1},
        "exact": {"type": "number"},
        "key": {"type": "string", "format": "uuid"},
        "link": {"type": "string", "format": "uri"},
        "mail": {"type": ["string", "null"], "format": "email"},
        "hour": {"type": "string"},
        "fixed": {"const": 3},
        "raw": {},
        "words": {"type": "array", "items": {"type": "string"}, "allOf": [{"items": {"enum": ["a", "b"]}}]},
        "either": {
            "anyOf": [{"type": "string", "pattern": "^(?:a)", "allOf": [{"pattern": "^(?:.b)"}]}, {"type": "null"}]
        },
        "legacy": {"type": "string", "deprecated": True, "examples": ["x"]},
    }
    number = fields.Float()
    whole = fields.Integer(validate=validate.Range(1))
    exact = fields.Decimal()
    key = fields.UUID()
    link = fields.URL()
    mail = fields.Email(allow_none=True)
    hour = fields.Time()
    fixed = fields.Constant(3)
    raw = fields.Raw()
    words = fields.List(fields.String(), validate=validate.ContainsOnly(["a", "b"]))
    either = fields.String(allow_none=True, validate=[validate.Regexp("a"), validate.Regexp(".b")])
    legacy = fields.String(metadata={"deprecated": True, "example": "x"})


@pytest.mark.parametrize("name", Everything.expected)
def test_marshmallows_own_fields_are_described(name: str) -> None:
    declared = analysis(params=Everything)(of_anything)

    schema: Any = declared.json_schema()
    described = {key: value for key, value in schema["properties"][name].items() if key not in ("title", "default")}
    assert described == Everything.expected[name]
