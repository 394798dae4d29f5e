"""What the API knows of the analyses; the only module of this package that imports ``tasks``."""

from tasks import Analysis, Catalog, CatalogError, Length, OneOf, Range, load_catalog
from tasks.data.formats import BY_MEDIA_TYPE, HEAD, MEDIA_TYPES, Format, tell_format
from tasks.data.json_table import Columns, Records, Table
from tasks.data.refusal import FileRefused
from tasks.data.source import BUILTINS, Source, load_source, source_json_schema
from tasks.framework.fields import Float, Integer, String
from tasks.framework.json_schema import object_schema

__all__ = [
    "BUILTINS",
    "BY_MEDIA_TYPE",
    "HEAD",
    "MEDIA_TYPES",
    "Analysis",
    "Catalog",
    "CatalogError",
    "Columns",
    "FileRefused",
    "Float",
    "Format",
    "Integer",
    "Length",
    "OneOf",
    "Range",
    "Records",
    "Source",
    "String",
    "Table",
    "load_catalog",
    "load_source",
    "object_schema",
    "source_json_schema",
    "tell_format",
]
