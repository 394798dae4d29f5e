"""The answers of an operation, good and bad, as OpenAPI describes them."""

from collections.abc import Mapping, Sequence

from app.description.examples import EXAMPLES, problem_example
from app.description.headers import OF_PROBLEMS, answered
from app.description.operations import Answer, Operation
from app.problems import MEDIA_TYPE, PROBLEM_TYPES

#: For an answer with a component schema, where its id leads (OpenAPI links): the operations that go on from it.
_LINKS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Job": {
        "poll": ("get_queuedResource_job_id_status", "job_id"),
        "show": ("get_jobs_job_id", "job_id"),
        "result": ("get_resource_job_id_result", "job_id"),
        "logs": ("get_jobs_job_id_logs", "job_id"),
        "cancel": ("delete_jobs_job_id", "job_id"),
    },
    "Batch": {"show": ("get_batches_batch_id", "batch_id"), "cancel": ("delete_batches_batch_id", "batch_id")},
    "Dataset": {"show": ("get_datasets_dataset_id", "dataset_id")},
}


def responses(operation: Operation) -> dict[str, object]:
    """Every answer of the operation by its status."""
    found: dict[str, object] = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    slugs = sorted(operation.every_problem, key=lambda slug: PROBLEM_TYPES[slug].status)
    for status in dict.fromkeys(PROBLEM_TYPES[slug].status for slug in slugs):
        found[str(status)] = _problem([slug for slug in slugs if PROBLEM_TYPES[slug].status == status])
    return found


def _answer(answer: Answer) -> dict[str, object]:
    said: dict[str, object] = {"description": answer.description, "headers": answered(answer.headers)}
    if answer.mimetype:
        said["content"] = {name: _content(answer, name) for name in answer.mimetype.split(", ")}
    links = _LINKS.get(answer.schema, {})
    if links:
        said["links"] = {
            name: {"operationId": to, "parameters": {parameter: "$response.body#/id"}}
            for name, (to, parameter) in links.items()
        }
    return said


def _content(answer: Answer, mimetype: str) -> dict[str, object]:
    if mimetype in ("text/html", "text/css", "text/javascript"):
        return {"schema": {"type": "string"}}
    if not answer.schema:
        return {}
    content: dict[str, object] = {"schema": {"$ref": f"#/components/schemas/{answer.schema}"}}
    return {**content, "example": EXAMPLES[answer.schema]} if answer.schema in EXAMPLES else content


def _problem(slugs: Sequence[str]) -> dict[str, object]:
    described = "; ".join(f"`{slug}`: {PROBLEM_TYPES[slug].title}" for slug in slugs)
    names = [name for slug in slugs for name in OF_PROBLEMS.get(slug, ())]
    examples = {slug: {"value": problem_example(slug)} for slug in slugs}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {"description": described, "headers": answered(names), "content": {MEDIA_TYPE: content}}
