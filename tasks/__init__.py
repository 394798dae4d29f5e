"""What an analysis' author imports: the decorator, the job handle, the refusal and the validators; nothing heavy."""

from marshmallow.validate import Length, OneOf, Range

from tasks.errors import AnalysisError, CatalogError, RetryLater, TasksError
from tasks.framework.catalog import Catalog, load_catalog
from tasks.framework.declaration import Analysis
from tasks.framework.decorator import analysis
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
    "RetryLater",
    "TasksError",
    "analysis",
    "load_catalog",
]
