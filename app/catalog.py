"""What the API knows of the analyses; the only module of this package that imports ``tasks``."""

from tasks import Analysis, Catalog, CatalogError, Length, OneOf, Range, load_catalog
from tasks.data.source import BUILTINS, Source, load_source, source_json_schema
from tasks.framework.fields import Float, Integer, String
from tasks.framework.json_schema import object_schema

__all__ = [
    "BUILTINS",
    "Analysis",
    "Catalog",
    "CatalogError",
    "Float",
    "Integer",
    "Length",
    "OneOf",
    "Range",
    "Source",
    "String",
    "load_catalog",
    "load_source",
    "object_schema",
    "source_json_schema",
]
