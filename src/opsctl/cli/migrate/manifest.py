"""`opsctl migrate manifest`."""

from typing import Annotated

import typer

from opsctl.cli.command import DEFAULT_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.migrate.manifest_applying import ApplyWishes, apply_manifest
from opsctl.cli.migrate.manifest_settings import ManifestRequest, prepare_manifest
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.errors import UsageError
from opsctl.migration.kubernetes.manifest.report import ManifestOutcome, ManifestReport, list_notes, source_warnings
from opsctl.migration.kubernetes.manifest.view import warning_lines

PARTS = ("job", "rights")


def manifest(
    context: AppContext,
    from_job: Annotated[
        str | None,
        typer.Option("--from-job", metavar="[NAMESPACE/]NAME", help="Take over image, environment, volumes of a Job."),
    ] = None,
    container: Annotated[
        str | None, typer.Option("--container", metavar="NAME", help="Which container of that Job, if it has several.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the new Job, else the profile's.")
    ] = None,
    image: Annotated[str | None, typer.Option("--image", metavar="IMAGE", help="Image with opsctl in it.")] = None,
    shards: Annotated[
        int, typer.Option("--shards", min=1, metavar="N", help="Into how many parts the collection is cut.")
    ] = 1,
    parallelism: Annotated[
        int | None, typer.Option("--parallelism", min=1, metavar="N", help="Pods at once, else one for each shard.")
    ] = None,
    operator: Annotated[
        list[str] | None,
        typer.Option(
            "--operator",
            metavar="KIND:NAME",
            help="Who may run the commands: User:kim, Group:on-call, ServiceAccount:NAMESPACE/NAME; several times.",
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="job|rights", help="Only the Job, or only what people need for it.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Show what differs from the cluster, ask, and change that.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="With --apply: let the server check it; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing anything.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --apply: delete a Job that cannot be changed, and create it anew.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --replace: although another process is at work on the migration.")
    ] = False,
) -> Outcome:
    """Print what runs the migration on Kubernetes: an Indexed Job, its ServiceAccount, Roles for its operators.

    YAML with comments on stdout, ready for kubectl apply -f -. No cluster is asked unless --from-job or --apply is
    given. Secrets are never written, only referred to; what a person has to decide is marked DECIDE.
    """
    if only is not None and only not in PARTS:
        raise UsageError(f"There is no part {only!r} of a manifest.", hint=f"Choose one of {', '.join(PARTS)}.")
    if not apply and (dry_run or replace):
        raise UsageError(f"{'--dry-run' if dry_run else '--replace'} goes with --apply: printing changes nothing.")
    if force and not replace:
        raise UsageError("--force goes with --replace: nothing else asks who is at work.")
    if container is not None and from_job is None:
        raise UsageError("--container goes with --from-job.")
    profile = context.load_profile({"kubernetes.job": ("--name", name)})
    request = ManifestRequest(
        from_job, container, image, shards, parallelism or shards, tuple(operator or ()), only, name
    )
    prepared = prepare_manifest(context, profile, request)
    if apply:
        return apply_manifest(context, profile, prepared, ApplyWishes(dry_run, yes, replace, force))
    report = ManifestReport(
        prepared.job.namespace,
        prepared.job.name,
        ManifestOutcome.PRINTED,
        tuple(document.body for document in prepared.documents),
        list_notes(prepared.documents),
        warnings=source_warnings(prepared.takeover, prepared.job),
    )
    for line in warning_lines(report, context.texts):
        context.announce(line)
    still_open = sum(note.is_open for note in report.notes)
    if still_open:
        mark = context.texts.get("kubernetes.note_open", text="").rstrip(": ")
        context.announce(context.texts.get("kubernetes.manifest_open", count=still_open, mark=mark))
    if context.options.output in (OutputFormat.JSON, OutputFormat.YAML):
        return Outcome(report)
    # Only here: it brings YAML, which neither help nor completion needs.
    from opsctl.cli.migrate.manifest_text import fence, write_manifest  # noqa: PLC0415

    text = write_manifest(prepared.documents, context.texts)
    context.process.write(fence(text) if context.options.output is OutputFormat.MARKDOWN else text)
    return Outcome(emitted=True)


COMMAND = CommandSpec(
    manifest,
    examples=(
        Example(
            "Four pods in place of the old Job's one, read before anything is applied",
            "opsctl migrate manifest --from-job car-image-migration --name car-images --shards 4 --image IMAGE",
        ),
        Example(
            "The same to the cluster: shows what differs, asks first",
            "opsctl migrate manifest --shards 4 --image IMAGE --operator Group:on-call --apply",
        ),
        Example(
            "What would kubectl say?", "opsctl migrate manifest --image IMAGE | kubectl apply --dry-run=server -f -"
        ),
    ),
    formats=(OutputFormat.TEXT, *DEFAULT_FORMATS[1:]),
    choices=(("--only", PARTS),),
)
