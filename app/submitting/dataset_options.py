"""What may be said of a data set when it is uploaded: its options, and the body as the API describes it."""

from typing import TypedDict

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range, Regexp

from app.catalog import BY_MEDIA_TYPE, MEDIA_TYPES
from app.submitting.bodies import FILE_FIELD

#: Longest time that a data set may be asked to be kept, seconds.
LONGEST_KEPT = 365 * 24 * 3600

_NAME = {"type": "string", "maxLength": 200, "pattern": "^[^\\u0000-\\u001f\\u007f]*$"}
_EXPIRES_IN = {"type": "number", "minimum": 1, "maximum": LONGEST_KEPT}


class DatasetOptions(TypedDict, total=False):
    """The options as their schema loads them."""

    name: str
    expires_in: float


#: What may be said of an upload, in the query or as fields of the form.
OPTIONS = Schema.from_dict(
    {
        "name": fields.String(
            validate=[Length(max=200), Regexp(r"[^\x00-\x1f\x7f]*\Z", error="Holds a control character.")],
            metadata={"description": "What the data set is called; else as its file.", "schema": _NAME},
        ),
        "expires_in": fields.Float(
            validate=Range(1, LONGEST_KEPT),
            metadata={"description": "Seconds that it is kept after it was last used.", "schema": _EXPIRES_IN},
        ),
    },
    name="DatasetOptions",
)()


_FORM = {
    "type": "object",
    "properties": {
        FILE_FIELD: {"type": "string", "format": "binary", "description": "The table as a file."},
        "name": _NAME,
        "expires_in": _EXPIRES_IN,
    },
    "required": [FILE_FIELD],
    "additionalProperties": False,
}

#: The body of an upload, for the API's description.
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": _FORM, "encoding": {FILE_FIELD: {"contentType": ", ".join(BY_MEDIA_TYPE)}}},
        **{media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()},
    },
}
