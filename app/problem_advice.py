"""What to do about each type of problem, for the pages that explain them."""

from collections.abc import Mapping

#: One or two sentences by the slug of the type.
ADVICE: Mapping[str, str] = {
    "bad-request": (
        "The request is no proper HTTP, or its Host is none. Look at what your client or proxy really sends."
    ),
    "malformed-body": (
        "Send JSON in UTF-8 with an object at its top, each key once, or a form with a boundary. Line and column, "
        "where they are told, say where reading stopped."
    ),
    "malformed-event-id": "Send as Last-Event-ID what the stream gave as id, or leave it out to be told everything.",
    "malformed-idempotency-key": (
        "Send one Idempotency-Key of at most 255 printable ASCII characters; a fresh UUID for each thing that you "
        "want done once is best."
    ),
    "invalid-query": "Each parameter that is not valid is listed in errors, with what is allowed.",
    "unauthorized": "Send Authorization: Bearer with a key that the operator made by coatcheck keys create.",
    "forbidden": "Your key is good, but not for this. Ask the operator for one with the scope that is named.",
    "cross-site-request": (
        "Use a page of this service itself, or have the operator name your page's origin in COATCHECK_CORS_ORIGINS."
    ),
    "unknown-host": (
        "Call the service by a name that it goes by, or by its IP address; or have the operator add the name to "
        "COATCHECK_ALLOWED_HOSTS."
    ),
    "not-found": "Look at the path: GET / lists what there is.",
    "no-such-analysis": "GET /analysis lists the names of all analyses.",
    "no-such-job": (
        "Jobs are forgotten some days after they have ended, and at once when they are purged. A job of another "
        "caller is answered in the same way."
    ),
    "no-webhook": "Name a webhook when you submit the job; see the options of a submission.",
    "webhook-pending": "Wait until the delivery that is under way has ended.",
    "no-such-batch": (
        "Batches are forgotten with the last of their jobs. A batch of another caller is answered in the same way."
    ),
    "no-such-attachment": "The job's document lists the figures and files of its result, with their URLs.",
    "range-not-satisfiable": "Content-Range says how many bytes the file has.",
    "figure-not-drawn": "Get the figure as Vega-Lite, and draw it yourself; detail says what is wrong with it.",
    "picture-not-ready": "Try again after the seconds of Retry-After; an internal worker draws it.",
    "result-not-ready": (
        "Poll the status that Link names, after the seconds of Retry-After; it redirects here in the end."
    ),
    "method-not-allowed": "The Allow header lists the methods that this URL knows.",
    "request-timeout": "The request came too slowly. Send it again over a better connection; compress a large body.",
    "job-already-ended": "There is nothing left to cancel; DELETE /resource/<id> removes what is kept of the job.",
    "job-not-ended": "Wait until it has ended, or cancel it first.",
    "job-not-running": "Only a running job can be asked to finish with its best so far.",
    "input-expired": "Hand in the data again.",
    "job-gone": (
        "The same request was taken before; its job or batch was purged, or has expired, within the day that the key "
        "is kept. Take a fresh Idempotency-Key to have it done again."
    ),
    "job-canceled": "Somebody with the right to do so canceled it. POST /jobs/<id>/retry runs its input again.",
    "result-expired": (
        "Results are kept for a while only. POST /jobs/<id>/retry runs the input again, as long as that is kept."
    ),
    "body-too-large": "Send less, or upload the table as a data set first and name its id.",
    "unsupported-media-type": "Accept-Post lists the types of body that this URL takes.",
    "invalid-request": "Each field that is not valid is listed in errors, by JSON Pointer, with what is allowed.",
    "idempotency-key-reused": (
        "Take a fresh Idempotency-Key for each new request; the same key stands for the same body."
    ),
    "no-such-dataset": "GET /datasets lists what there is, and whether it can be used.",
    "dataset-not-found": (
        "GET /datasets lists yours. They go some days after they were last used; one of another caller is answered in "
        "the same way."
    ),
    "unreadable-file": (
        "Send CSV, Parquet, JSON lines or Arrow, with the Content-Type that says which, or a name that ends with it. "
        "Line and column, where they are told, say where reading stopped."
    ),
    "analysis-rejected-input": "The analysis looked at the data and refused it; detail is its author's own advice.",
    "analysis-failed": (
        "cause says why: crashed (tell the operator the job's id), timeout (ask for a longer timeout or send less), "
        "worker_lost or out_of_memory (send less), expired (it waited longer than its expires_in)."
    ),
    "rate-limited": "Wait for the seconds of Retry-After, or hand in many jobs at once as a batch.",
    "too-many-active-jobs": "Wait until some of your jobs have ended, or cancel what you need no longer.",
    "internal-error": "Tell the operator the request_id; the log has the cause.",
    "store-unavailable": (
        "Try again after the seconds of Retry-After. With an Idempotency-Key that is safe for POST too."
    ),
    "storage-unavailable": "Try again after the seconds of Retry-After.",
    "queue-full": "The service has more work than it takes on. Try again after the seconds of Retry-After.",
    "not-ready": "checks says what is missing. Load balancers should send requests elsewhere meanwhile.",
    "storage-full": "Tell the operator; nothing can be taken that needs a file.",
}
