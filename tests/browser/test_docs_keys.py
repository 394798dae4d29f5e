"""The API's description where keys are asked for: everybody may read it, and who has a key may try it."""

from api_page import authorize, executed, open_docs, opened
from parts import needs_program
from processes import Api
from visit import Visit

pytestmark = needs_program("chromium")


def test_operations_are_refused_until_the_page_is_given_a_key(visit: Visit, keyed_api: Api, key: str) -> None:
    open_docs(visit, keyed_api.url)
    jobs = opened(visit, "lists-get_jobs")
    refused, _ = executed(jobs)
    authorize(visit, key)
    answered, _ = executed(jobs)
    assert (refused, answered) == ("401", "200")
