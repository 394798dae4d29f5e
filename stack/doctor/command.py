"""The verb `coatcheck doctor`; what it looks with is imported only when it runs, as every `coatcheck` loads this."""

from typing import Annotated

import typer

#: The exit codes beside 0: something has to be changed, and nothing could be looked at.
_FAILED, _MISUSE = 1, 2


def doctor(
    *,
    data_dir: Annotated[str | None, typer.Option(help="Data dir of the running `coatcheck up` that is meant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at a running service and its Redis and say what is wrong; exits with 1 where a check fails."""
    import json

    from jobs.errors import SettingsError
    from stack.doctor.examination import examine
    from stack.doctor.finding import Verdict
    from stack.doctor.report import document_of, lines_of, summary
    from stack.errors import StackError
    from stack.meant import meant_settings

    try:
        settings = meant_settings(data_dir)
    except (SettingsError, StackError) as error:
        typer.echo(f"coatcheck doctor: {error}", err=True)
        raise typer.Exit(_MISUSE) from None
    findings = examine(settings)
    if as_json:
        typer.echo(json.dumps(document_of(findings, settings), indent=2))
    else:
        for line in lines_of(findings):
            typer.echo(line)
        typer.echo(summary(findings), err=True)
    if any(finding.verdict is Verdict.FAIL for finding in findings.values()):
        raise typer.Exit(_FAILED)
