"""What Policy Troubleshooter says, for the roles that jobs usually have."""

from __future__ import annotations

from opsctl.lab.google.world import Project

# Only what a diagnosis asks about. Roles of Google hold many more permissions.
_PERMISSIONS = {
    "roles/artifactregistry.reader": {"artifactregistry.repositories.downloadArtifacts"},
    "roles/cloudsql.admin": {"cloudsql.instances.connect", "cloudsql.instances.get"},
    "roles/cloudsql.client": {"cloudsql.instances.connect", "cloudsql.instances.get"},
    "roles/cloudsql.viewer": {"cloudsql.instances.get"},
    "roles/editor": {"cloudsql.instances.connect", "cloudsql.instances.get", "storage.buckets.list"},
    "roles/run.serviceAgent": {"artifactregistry.repositories.downloadArtifacts", "iam.serviceAccounts.getAccessToken"},
    "roles/secretmanager.admin": {"secretmanager.versions.access"},
    "roles/secretmanager.secretAccessor": {"secretmanager.versions.access"},
    "roles/storage.objectAdmin": {"storage.objects.create", "storage.objects.get", "storage.objects.list"},
    "roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
}


def find_access(project: Project, principal: str, permission: str) -> str:
    """GRANTED, NOT_GRANTED or UNKNOWN_CONDITIONAL: what the project's policy says of an account's address.

    A role that is not in the table grants nothing here, except `roles/owner`, which grants everything.
    """
    address = principal.lower()
    if (address, permission) in project.access:
        return project.access[(address, permission)]
    is_conditional = False
    for binding in project.policy.get("bindings", []):
        members = {str(member).lower() for member in binding["members"]}
        is_member = bool(members & {f"serviceaccount:{address}", f"user:{address}", "allusers"})
        grants = binding["role"] == "roles/owner" or permission in _PERMISSIONS.get(binding["role"], ())
        if is_member and grants and "condition" not in binding:
            return "GRANTED"
        is_conditional = is_conditional or (is_member and grants)
    return "UNKNOWN_CONDITIONAL" if is_conditional else "NOT_GRANTED"
