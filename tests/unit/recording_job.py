"""A job that writes down what an analysis tells it, and asks it to finish when the test says so."""

from dataclasses import dataclass

from tasks.testing import Recorder


@dataclass
class RecordingJob(Recorder):
    """The test kit's job, with a seed that these tests share."""

    seed: int = 7
