"""Which of a rule's remedies fits what was seen.

A cause can have several reasons, each with its own fix: a database that refuses is started when it is stopped, and
looked for elsewhere when it is not. Without a trace of one of them the order of the rule holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from opsctl.diagnosis.gather import Piece
from opsctl.diagnosis.rule import Remedy

# Cause, remedy, and what speaks for this remedy: in the line or the fact that the finding rests on, or its id. Of two
# that fit the upper one comes first.
_FITS = (
    ("db-connection-refused", "start_instance", r"not running|policy NEVER|: (?:SUSPENDED|STOPPED|FAILED)\b"),
    ("cloudsql-not-attached", "correct_name", r"^other_instance$|^instance_not_found$|mismatched|invalid instance"),
    ("secret-unavailable", "add_version", r"\bDESTROYED\b|is destroyed|no versions"),
    ("secret-unavailable", "enable_version", r"(?-i:DISABLED)|is disabled"),
    ("secret-unavailable", "grant_accessor", r"^access_denied$|^role_absent$|permission.{0,40}denied"),
    ("iam-permission-denied", "enable_api", r"has not been used|SERVICE_DISABLED|accessNotConfigured|API is disabled"),
    ("iam-permission-denied", "grant_role", r"^not_granted$|does not have|denied|NOT_AUTHORIZED|_role_absent$"),
    ("network-unreachable", "vpc_egress", r"addresses PRIVATE|\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\."),
    ("db-tls-mismatch", "give_ca", r"certificate|x509|self.signed|PKIX"),
    ("db-tls-mismatch", "socket_without_tls", r"does not support SSL|SSL is not enabled|not support (?:secure|TLS)"),
    ("db-lock-contention", "free_stale_lock", r"lock.?table|migrations?_lock|changelog lock|already locked|is_locked"),
    ("migration-history-conflict", "merge_heads", r"\bheads\b|leaf nodes|head revisions"),
    ("migration-history-conflict", "baseline", r"P3005|not empty|non-empty|without (?:schema )?history"),
    ("migration-history-conflict", "restore_file", r"can't locate|not resolved locally|missing (?:from|locally)"),
    ("entrypoint-invalid", "make_executable", r"permission denied|EACCES|^not_executable$"),
    ("image-unavailable", "let_agent_read", r"must have permission|denied|\b403\b"),
    ("image-unavailable", "push_or_correct", r"not found|manifest unknown|^not_in_registry$|MANIFEST_UNKNOWN"),
    ("out-of-memory", "raise_heap", r"heap|OutOfMemoryError"),
    ("quota-exhausted", "more_room", r"No space left|disk (?:is )?full|ENOSPC|quota exceeded on volume"),
    ("quota-exhausted", "raise_quota", r"quota"),
    ("runtime-incompatible", "install_library", r"\.so\b|shared (?:object|librar)|GLIBC"),
    ("env-malformed", "new_secret_version", r"^trailing_newline$"),
)  # fmt: skip

# Fixes of which one alone can be right: when the evidence speaks for one, the others are left out.
_EXCLUSIVE = {
    "secret-unavailable": ("grant_accessor", "enable_version", "add_version"),
    "iam-permission-denied": ("grant_role", "enable_api"),
    "image-unavailable": ("push_or_correct", "let_agent_read"),
}


def by_fit(cause: str, remedies: Sequence[Remedy], support: Iterable[Piece]) -> list[Remedy]:
    """The remedies, first those that the evidence speaks for; otherwise as they were, without those that it speaks
    against."""
    traces = [text for piece in support for text in (piece.id, *(pointer.excerpt for pointer in piece.pointers))]
    fits = [
        remedy
        for owner, remedy, pattern in _FITS
        if owner == cause and any(re.search(pattern, text, re.IGNORECASE) for text in traces)
    ]
    exclusive = set(_EXCLUSIVE.get(cause, ()))
    refuted = exclusive - set(fits) if exclusive & set(fits) else set()
    remedies = [remedy for remedy in remedies if remedy.id not in refuted]
    return sorted(remedies, key=lambda remedy: fits.index(remedy.id) if remedy.id in fits else len(fits))
