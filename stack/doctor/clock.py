"""The check of the clock: times of jobs are Redis', times in log lines and of data on disk are the machines' own."""

from stack.doctor.finding import Finding, fail, ok, warn
from stack.doctor.patient import Patient

#: How far the clocks may be apart, seconds: as little as ever is seen with NTP, and what breaks signatures and TLS.
APART, FAR_APART = 1.0, 30.0


def check_clock(patient: Patient) -> Finding:
    """How far this machine's clock is from Redis'."""
    before = patient.clock()
    theirs = patient.now() / 1000
    after = patient.clock()
    off = theirs - (before + after) / 2
    found = f"This machine's clock and Redis' are {abs(off):.3f} s apart."
    if abs(off) > FAR_APART:
        return fail(found, "Synchronise both (NTP): webhook signatures are refused and expired results look missing.")
    return warn(found, "Synchronise both by NTP.") if abs(off) > APART else ok(found)
