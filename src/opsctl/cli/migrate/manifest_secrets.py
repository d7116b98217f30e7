"""What of a manifest is secret, and whether the Secrets that it needs are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from opsctl.config import Profile
from opsctl.errors import AccessDeniedError, NotFoundError, UsageError
from opsctl.migration.kubernetes.manifest.models import Document, Note
from opsctl.migration.kubernetes.manifest.plan import PlannedObject
from opsctl.migration.kubernetes.manifest.report import field_path
from opsctl.migration.kubernetes.manifest.secrets import flags_of
from opsctl.reporting.redact import Secrecy, is_generated, secrecy_of
from opsctl.reporting.secret_assignments import is_stand_in


def secret_detector(clean: Callable[[str], str]) -> Callable[[str, str], bool]:
    """Tells a secret by what it looks like, by what is known (`clean` masks both), and by the name of its variable."""

    def is_secret(name: str, value: str) -> bool:
        if not value.strip():
            return False
        if clean(value) != value or _is_named_so(name, value):
            return True
        # A command of a shell in one text.
        words = value.split()
        return any(_is_named_so(flag, word) for word, flag in zip(words, flags_of(words), strict=True))

    return is_secret


def _is_named_so(name: str, value: str) -> bool:
    secrecy = secrecy_of(name) if name else Secrecy.NONE
    if secrecy is Secrecy.STRONG:
        return not is_stand_in(value)
    return secrecy is Secrecy.WEAK and is_generated(value)


def refuse_undecided(profile: Profile, objects: tuple[PlannedObject, ...]) -> None:
    """Raises UsageError (`undecided`) that names everything a person still has to decide. A Secret that can be read and
    has its key is decided."""
    undecided = [
        (item.document, note, reason)
        for item in objects
        for note in item.open_notes
        if (reason := _why_undecided(profile, item.document, note)) is not None
    ]
    if not undecided:
        return
    listed = "; ".join(reason for _, _, reason in undecided)
    count = f"{len(undecided)} things are" if len(undecided) > 1 else "One thing is"
    hints = _hints([(document, note) for document, note, _ in undecided])
    raise UsageError(
        f"{count} to be decided before the manifest can be applied: {listed}. Nothing was changed.",
        hint=" ".join(hints),
        code="undecided",
    )


def _why_undecided(profile: Profile, document: Document, note: Note) -> str | None:
    place = field_path(note.path, document.body)
    if note.secret is None:
        return (
            f"the image of the container {place}" if note.path[-1] == "image" else f"a secret in plain text at {place}"
        )
    name, secret = dict(note.values)["name"], note.secret
    where = f"{name} from key {secret.key} of Secret {document.namespace}/{secret.secret}"
    if profile.read_secret is None:
        return f"{where}, which is not read here"
    try:
        # What it holds is learned by the way: it will be masked wherever it should turn up.
        profile.read_secret(name, f"{document.namespace}/{secret.secret}/{secret.key}")
    except NotFoundError:
        return f"{where}, which is not there"
    except AccessDeniedError as error:
        return f"{where}, which cannot be checked ({error.permission or 'no access'})"
    return None


def _hints(undecided: Sequence[tuple[Document, Note]]) -> Iterator[str]:
    """One for each Secret and for each kind of gap."""
    keys: dict[tuple[str, str], list[str]] = {}
    for document, note in undecided:
        if note.secret is not None:
            keys.setdefault((document.namespace, note.secret.secret), []).append(note.secret.key)
    for (namespace, name), names in keys.items():
        yield (
            f"Write one file for each key ({', '.join(dict.fromkeys(names))}) into an empty folder, then: "
            f"kubectl create secret generic {name} --namespace {namespace} --from-file FOLDER"
        )
    if keys:
        yield "(or print the manifest, name other Secrets in it, and apply it with kubectl)."
    paths = [note.path for _, note in undecided if note.secret is None]
    if any(path[-1] == "image" for path in paths):
        yield "Name the image with --image."
    if any(path[-1] != "image" for path in paths):
        yield "Print the manifest, refer to a Secret there, and apply it with kubectl."
