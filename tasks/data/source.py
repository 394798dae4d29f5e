"""The `data` of a request, checked and packed as bytes for the worker; reading it into a table is `frame.py`'s work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, Self, get_args

from marshmallow import ValidationError

from tasks.data.json_table import pack_columns, pack_records
from tasks.data.limits import MAX_COLUMN_NAME, MAX_COLUMNS, MAX_ROWS

#: What a source can be; a `file` comes beside the JSON, a `dataset` was taken in before.
Kind = Literal["builtin", "records", "columns", "dataset", "file"]

#: scikit-learn's bundled data sets that a request may name.
Builtin = Literal["iris", "wine", "breast_cancer", "diabetes", "digits"]
BUILTINS: tuple[str, ...] = get_args(Builtin)

#: The members of `data`, of which a request sends exactly one.
MEMBERS: tuple[str, ...] = ("builtin", "records", "columns", "dataset")

#: What an id of a data set looks like, as JSON Schema says it.
DATASET_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One table on its way to a worker."""

    #: Where the table comes from.
    kind: Kind
    #: Name of the built-in set, of the file if it had one, or the id of the data set.
    name: str | None = None
    #: JSON of the records or columns, or the file as it came; None where it is not at hand, or lies at `path`.
    payload: bytes | None = None
    #: What the file was sent as, "" where that was not said.
    media_type: str = ""
    #: Where the file lies, unless it is `payload`.
    path: Path | None = None

    @classmethod
    def file(cls, raw: bytes, filename: str | None = None, media_type: str = "") -> Self:
        """Return the source of an uploaded file; its content is checked by the worker, which reads it anyway."""
        return cls(kind="file", name=filename, payload=raw, media_type=media_type)

    @classmethod
    def csv(cls, raw: bytes, filename: str | None = None) -> Self:
        """Return the source of a file that is known to be a CSV."""
        return cls.file(raw, filename, "text/csv")

    def open(self) -> BinaryIO:
        """Return the content of a file, at its beginning."""
        return BytesIO(self.payload or b"") if self.path is None else self.path.open("rb")


def load_source(value: object) -> Source:
    """Check the `data` member of a request and return it ready to travel.

    Raises marshmallow.ValidationError whose messages are keyed by path, such as
    `{"records": {3: {"age": ["…"]}}}`; it names at most the first 20 bad cells.
    """
    member, content = _only_member(value)
    if member == "builtin":
        return Source(kind="builtin", name=_builtin_name(content))
    if member == "dataset":
        return Source(kind="dataset", name=_dataset_id(content))
    if member == "records":
        return Source(kind="records", payload=pack_records(content))
    return Source(kind="columns", payload=pack_columns(content))


def source_json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of the `data` member."""
    cell = {"type": ["null", "boolean", "number", "string"]}
    names = {"minLength": 1, "maxLength": MAX_COLUMN_NAME}
    record = {"type": "object", "propertyNames": names, "additionalProperties": cell, "maxProperties": MAX_COLUMNS}
    column = {"type": "array", "items": cell, "minItems": 1, "maxItems": MAX_ROWS}
    columns = {"type": "object", "propertyNames": names, "additionalProperties": column}
    return {
        "title": "Data",
        "description": "The table to analyse: a built-in data set, rows, columns, or a data set that was uploaded.",
        "oneOf": [
            _member_schema(
                "builtin", {"type": "string", "enum": list(BUILTINS)}, "A data set bundled with scikit-learn."
            ),
            _member_schema(
                "records",
                {"type": "array", "items": record, "minItems": 1, "maxItems": MAX_ROWS},
                "One object per row; a key that a row leaves out is a missing value.",
            ),
            _member_schema(
                "columns",
                {**columns, "minProperties": 1, "maxProperties": MAX_COLUMNS},
                "One list per column, all equally long; null is a missing value.",
            ),
            _member_schema(
                "dataset",
                {"type": "string", "format": "uuid", "pattern": DATASET_ID},
                "The id of a data set that was uploaded before.",
            ),
        ],
    }


def _only_member(value: object) -> tuple[str, object]:
    if not isinstance(value, Mapping):
        raise ValidationError('Must be an object with one member, such as {"builtin": "iris"}.')
    unknown = [str(key)[:MAX_COLUMN_NAME] for key in value if key not in MEMBERS]
    if unknown:
        raise ValidationError({unknown[0]: [f"Unknown member; send exactly one of {', '.join(MEMBERS)}."]})
    if len(value) != 1:
        sent = f", not {len(value)} of them" if value else ""
        raise ValidationError(f"Send exactly one of {', '.join(MEMBERS)}{sent}.")
    return next(iter(value.items()))


def _builtin_name(content: object) -> str:
    if not isinstance(content, str) or content not in BUILTINS:
        raise ValidationError({"builtin": [f"Must be one of {', '.join(BUILTINS)}."]})
    return content


def _dataset_id(content: object) -> str:
    if not isinstance(content, str) or not re.fullmatch(DATASET_ID, content):
        raise ValidationError({"dataset": ["Must be the id of a data set; GET /datasets lists yours."]})
    return content


def _member_schema(name: str, content: dict[str, object], description: str) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {name: {**content, "description": description}},
        "required": [name],
        "additionalProperties": False,
    }
