"""What an analysis' author imports: the decorator, the job handle, the refusal and the validators; nothing heavy."""

from marshmallow.validate import Length, OneOf, Range

from tasks.catalog import Catalog, load_catalog
from tasks.declaration import Analysis
from tasks.decorator import analysis
from tasks.errors import AnalysisError, CatalogError, TasksError
from tasks.job import Job

__all__ = [
    "Analysis",
    "AnalysisError",
    "Catalog",
    "CatalogError",
    "Job",
    "Length",
    "OneOf",
    "Range",
    "TasksError",
    "analysis",
    "load_catalog",
]
