"""The options of a submission, beside its data and params: their types, bounds and defaults."""

from functools import partial

from marshmallow import Schema, ValidationError

from app.catalog import Float, Integer, Length, OneOf, Range, String
from jobs.job import Priority
from jobs.settings import Settings
from jobs.webhook_address import LONGEST_URL, EndpointRefused, Reach, read_endpoint

#: Longest label, characters.
LONGEST_LABEL = 200

#: Largest seed: what numpy's and scikit-learn's generators take.
LARGEST_SEED = 2**32 - 1

#: Longest wait in the queue that can be asked for, seconds.
LONGEST_WAIT = 30 * 24 * 3600


def options_schema(settings: Settings) -> Schema:
    """The schema of the options; it refuses what it does not know."""
    return Schema.from_dict(
        {
            "label": _option(
                String, "Free text to recognise the job by.", default="", validate=Length(max=LONGEST_LABEL)
            ),
            "seed": _option(Integer, "Seed for everything random.", default=0, validate=Range(min=0, max=LARGEST_SEED)),
            "priority": _option(
                String,
                "How early the job is taken from the queue.",
                default=Priority.NORMAL.value,
                validate=OneOf([priority.value for priority in Priority]),
            ),
            "timeout": Float(
                validate=Range(min=0, max=settings.max_timeout, min_inclusive=False),
                metadata={"description": "Longest run, in seconds; the analysis' own limit unless given."},
            ),
            "webhook": String(
                validate=[Length(max=LONGEST_URL), partial(_check_endpoint, reach=Reach(settings.webhook_allow))],
                metadata={
                    "description": "URL that is told when the job has ended; public, http or https.",
                    "example": "https://example.org/coatcheck",
                },
            ),
            "expires_in": Float(
                validate=Range(min=1, max=LONGEST_WAIT),
                metadata={"description": "Longest wait in the queue, in seconds; without end unless given."},
            ),
        },
        name="Options",
    )()


def _check_endpoint(url: str, *, reach: Reach) -> None:
    """Refuses what no webhook can go to, as far as the URL tells; a name in it is looked up when it is called."""
    try:
        reach.check(read_endpoint(url))
    except EndpointRefused as refused:
        raise ValidationError(str(refused)) from None


def _option(
    field: type[String] | type[Integer], description: str, *, default: str | int, validate: object
) -> String | Integer:
    return field(load_default=default, validate=validate, metadata={"description": description, "default": default})
