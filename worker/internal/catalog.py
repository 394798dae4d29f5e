"""The catalog of internal jobs. A new one is a function with ``@analysis`` in a module beside this, and a line here."""

from types import MappingProxyType

from tasks import Analysis, Catalog
from worker.internal.delivery import deliver_webhook
from worker.internal.description import describe_dataset
from worker.internal.drawing import draw_figure

#: Every internal job.
INTERNAL: tuple[Analysis, ...] = (deliver_webhook, draw_figure, describe_dataset)


def internal_catalog() -> Catalog:
    """The internal jobs by name; no analysis of a user's is among them, nor can be."""
    return Catalog(MappingProxyType({job.name: job for job in INTERNAL}))
