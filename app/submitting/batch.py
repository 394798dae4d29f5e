"""The items of a batch, each judged like a body of its own; one that is not valid refuses them all."""

from collections.abc import Sequence

from app.submitting.bodies import Body
from app.submitting.pointers import refuse_fields
from app.submitting.submission import Errors, Judge
from app.turns import give_way
from jobs.record import Submission

#: Most items of a batch.
MOST_ITEMS = 1000

#: Items that are judged between two turns; some milliseconds.
_TURN = 25

#: Items whose mistakes are told; a body of thousands of mistakes helps nobody.
_MOST_TOLD = 20


def judge_batch(body: Body, judge: Judge) -> Sequence[Submission]:
    """The jobs that the items ask for.

    Raises:
        Problem: something of it is not valid; the first items with mistakes are named with all of them.

    """
    submissions: list[Submission] = []
    errors: Errors = {}
    for at, item in enumerate(_items(body)):
        if at % _TURN == _TURN - 1:
            give_way()
        judged = judge.judge(Body(members=item)) if isinstance(item, dict) else {"_schema": ["Not an object."]}
        if isinstance(judged, Submission):
            submissions.append(judged)
        elif len(errors) < _MOST_TOLD:
            errors[str(at)] = judged
    if errors:
        raise refuse_fields({"items": errors})
    return submissions


def _items(body: Body) -> list[object]:
    errors: Errors = {name: ["Unknown field."] for name in body.members if name != "items"}
    if body.upload is not None:
        errors["data"] = ["A batch takes no file; put the data into each item."]
    items = body.members.get("items")
    if not isinstance(items, list):
        errors["items"] = ["Missing; send a list of objects, each like the body of a single job."]
    elif not 1 <= len(items) <= MOST_ITEMS:
        errors["items"] = [f"A batch has 1 to {MOST_ITEMS} items, not {len(items)}."]
    if errors or not isinstance(items, list):
        raise refuse_fields(errors)
    return items
