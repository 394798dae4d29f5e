"""The check of who can use the service: keys where they are asked for, and no open door to strangers."""

from jobs.key_ring import KeyRing
from stack.address import is_loopback
from stack.doctor.finding import Finding, fail, ok, warn
from stack.doctor.patient import Patient


def check_access(patient: Patient) -> Finding:
    """That keys are asked for and there are some, or that only this machine reaches the open service."""
    settings = patient.settings
    good = KeyRing(patient.store.redis, patient.store.keys).count_good()
    keys = f"{good} good API key{'' if good == 1 else 's'}"
    if not settings.open and not good:
        return fail("Keys are asked for, and there is none.", "`coatcheck keys create --name me` makes one.")
    if not settings.open:
        return ok(f"Keys are asked for; {keys}.")
    if is_loopback(settings.host):
        return ok(f"Open, to this machine only; {keys}.")
    return warn(f"OPEN on {settings.host}, without keys.", "Unset COATCHECK_OPEN, or let nobody else reach it.")
