"""The internal job that draws a figure: from Vega-Lite to SVG or PNG, without the network.

Source: https://github.com/vega/vl-convert
"""

from typing import Literal

import orjson

from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import Attachment
from jobs.pictures import picture_blob
from tasks import AnalysisError, analysis
from worker.internal.handle import InternalJob

#: Pixels of a PNG for each pixel of the figure: sharp on today's screens and in print.
SCALE = 2.0

#: Where a specification holds data, which is only looked at by what stands elsewhere in it.
_DATA = frozenset({"values", "datasets"})


@analysis(
    timeout=60,
    retry_on=(StoreUnavailable,),
    example={"job_id": "01890a5d-ac96-774b-bcce-b302099a8057", "figure": "roc", "picture": "svg"},
)
def draw_figure(job: InternalJob, *, job_id: str, figure: str, picture: Literal["svg", "png"]) -> dict[str, int]:
    """Draw a figure of a job.

    Parameters
    ----------
    job_id
        The job that has the figure.
    figure
        The figure's name.
    picture
        What it is to be drawn as.

    """
    try:
        drawn = job.store.find(job_id)
    except NoSuchJob:
        raise AnalysisError("The job is no longer known.") from None
    found = next((each for each in drawn.attached if each.kind == "figure" and each.name == figure), None)
    if found is None:
        raise AnalysisError("The job has no such figure.")
    content = _drawn(job.store.blobs.read(found.blob), picture)
    _keep(job, found, content, picture=picture, of=drawn.id)
    return {"bytes": len(content)}


def _drawn(specification: bytes, picture: Literal["svg", "png"]) -> bytes:
    """The picture; a figure that loads data from somewhere is refused, for it could reach whatever this process can.

    Raises:
        AnalysisError: it can't be drawn.

    """
    import vl_convert

    figure = orjson.loads(specification)
    if _loads_something(figure):
        raise AnalysisError("A figure that loads data or images from a URL is not drawn here.")
    try:
        if picture == "svg":
            return vl_convert.vegalite_to_svg(figure, allowed_base_urls=[]).encode()
        return bytes(vl_convert.vegalite_to_png(figure, scale=SCALE, allowed_base_urls=[]))
    except ValueError as error:
        raise AnalysisError(f"The figure can't be drawn: {str(error)[:500]}") from error


def _loads_something(part: object) -> bool:
    """Whether the figure names a URL anywhere outside its own data; files of this machine are URLs too."""
    if isinstance(part, list):
        return any(map(_loads_something, part))
    if not isinstance(part, dict):
        return False
    return any(name == "url" or (name not in _DATA and _loads_something(value)) for name, value in part.items())


def _keep(job: InternalJob, figure: Attachment, content: bytes, *, picture: Literal["svg", "png"], of: str) -> None:
    """Writes the picture, to go together with the result of its job."""
    blob = picture_blob(figure, picture)
    job.store.write_blob(blob, content)
    job.store.keep_blob(blob, job_id=of)
