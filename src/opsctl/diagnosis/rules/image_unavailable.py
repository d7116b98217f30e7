"""Cloud Run cannot obtain the container image

What is wrong
    The container never started because its image could not be fetched: the name, tag or digest does not exist, the
    registry belongs to somebody else, a policy refuses the image, or the Cloud Run service agent may not read it. The
    service agent (service-NUMBER@serverless-robot-prod.iam.gserviceaccount.com) pulls the image, never the job's own
    service account: a role granted to the latter does not help.

How it is recognised
    A condition of the execution says "Image '...' not found." (reason ContainerMissing) or "Google Cloud Run Service
    Agent ... must have permission to read the image" (ContainerPermissionDenied). Registries add "manifest unknown",
    "name unknown", "denied: Permission artifactregistry.repositories.downloadArtifacts". There is no line of the
    program, and the execution never started.

Look-alikes
    - "must have permission to read the image" is also the answer to a wrong address: check that the image exists
      before granting anything.
    - iam-permission-denied: the program itself got a 403; the program ran, so its image was there.
    - secret-unavailable: the execution did not start either; its text names a secret.
    - entrypoint-invalid, runtime-incompatible: the image was fetched and its command could not be executed.
    - A line of the program in the log proves that the image was fetched.

Remedy
    Push the image, or correct the reference on the job (a digest is safer than a tag that a clean-up policy deletes).
    For an image of another project grant roles/artifactregistry.reader on the repository to the service agent of the
    project that runs the job.

Sources
    cloud.google.com/run/docs/deploying (images that can be deployed); cloud.google.com/run/docs/troubleshooting;
    reasons of google.cloud.run.v2.Condition; opencontainers/distribution-spec (error codes of registries).
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import End, Facts, Pointer
from opsctl.diagnosis.models import SectionStatus
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Sign, Stage, Weight

SIGNS = (
    Sign(
        "reason-of-condition",
        Weight.PLATFORM,
        ("container_", "container"),
        r"\bCONTAINER_(?:MISSING|PERMISSION_DENIED|IMAGE_UNAUTHORIZED|IMAGE_AUTHORIZATION_CHECK_FAILED)\b|"
        r"\bContainer(?:Missing|PermissionDenied|ImageUnauthorized|ImageAuthorizationCheckFailed)\b",
        platform=True,
        source="google.cloud.run.v2.Condition.CommonReason; the same in the v1 API",
        example="Image 'europe-docker.pkg.dev/shop/app/migrator:1.4.0' not found. CONTAINER_MISSING",
    ),
    Sign(
        "image-not-found",
        Weight.PLATFORM,
        "not found",
        r"\bimage [\\'\"`]+[^'\"`\s]+[\\'\"`]+ not found",
        platform=True,
        source="GoogleCloudPlatform/gcpdiag gcpdiag/runbook/cloudrun/service_deployment.py",
        example="Image 'europe-docker.pkg.dev/shop/app/migrator:1.4.0' not found.",
    ),
    Sign(
        "agent-may-not-read",
        Weight.PLATFORM,
        "must have permission to read the image",
        platform=True,
        source="cloud.google.com/run/docs/troubleshooting; gcpdiag service_deployment.py",
        example="Google Cloud Run Service Agent service-123456789012@serverless-robot-prod.iam.gserviceaccount.com "
        "must "
        "have permission to read the image, gcr.io/shop/app. Ensure that the provided container image URL is correct "
        "and "
        "that the above account has permission to access the image.",
    ),
    Sign(
        "image-path-expected",
        Weight.PLATFORM,
        ("expected an image path like", "expected a container registry image path like"),
        platform=True,
        source="Cloud Run, check of the image reference",
        example="Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of "
        "[region.]gcr.io, [region-]docker.pkg.dev or docker.io but obtained registry.example.com/app:1",
    ),
    Sign(
        "binary-authorization",
        Weight.DECISIVE,
        ("container image is not authorized by policy", "denied by binary authorization", "binary authorization"),
        r"not authorized by policy|binary authorization.{0,200}(?:den|violat|refus|reject)"
        r"|(?:denied|refused) by binary auth",
        platform=True,
        source="cloud.google.com/binary-authorization/docs/run",
        example="Container image is not authorized by policy. Image us-docker.pkg.dev/shop/app/migrator denied by "
        "projects/shop/attestors/release",
    ),
    Sign(
        "container-import-failed",
        Weight.MODERATE,
        "encountered an error during container import",
        platform=True,
        source="Cloud Run, condition ContainerReady",
        example="The service has encountered an error during container import. Please try again later. Resource "
        "readiness "
        "deadline exceeded.",
    ),
    Sign(
        "pull-failed-words",
        Weight.STRONG,
        ("failed to pull image", "errimagepull", "imagepullbackoff", "failed to import container image"),
        source="kubernetes kubelet events; Cloud Run, condition ContainerReady",
        example='Failed to pull image "gcr.io/shop/app:latest": rpc error: code = NotFound',
    ),
    Sign(
        "manifest-unknown",
        Weight.STRONG,
        ("manifest unknown", "manifest_unknown", "manifest for "),
        r"manifest[ _]unknown|manifest for \S+ not found",
        source="opencontainers/distribution-spec spec.md; moby/moby distribution/errors.go",
        example='manifest for gcr.io/shop/app:1.4.0 not found: manifest unknown: Failed to fetch "1.4.0"',
    ),
    Sign(
        "name-unknown",
        Weight.STRONG,
        ("name unknown: repository", "name_unknown", "repository name not known to registry"),
        source="opencontainers/distribution-spec spec.md; Artifact Registry",
        example='name unknown: Repository "app" not found',
    ),
    Sign(
        "download-artifacts-denied",
        Weight.DECISIVE,
        "artifactregistry.repositories.downloadartifacts",
        r"downloadartifacts[\\'\"`]* denied|denied: permission [\\'\"`]*artifactregistry",
        source="Artifact Registry, answer to a pull",
        example='denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource '
        '"projects/shop/locations/us/repositories/app" (or it may not exist)',
    ),
    Sign(
        "gcr-access-denied",
        Weight.STRONG,
        (
            "caller does not have permission 'storage.buckets.get'",
            "to perform this operation. to configure permissions",
        ),
        source="Container Registry, answer to a pull",
        example="denied: Token exchange failed for project 'shop'. Caller does not have permission "
        "'storage.buckets.get'. "
        "To configure permissions, follow instructions at: "
        "https://cloud.google.com/container-registry/docs/access-control",
    ),
    Sign(
        "pull-access-denied",
        Weight.STRONG,
        ("pull access denied for", "insufficient_scope: authorization failed"),
        source="moby/moby distribution/errors.go; containerd remotes/docker",
        example="pull access denied for shop/app, repository does not exist or may require 'docker login'",
    ),
    Sign(
        "registry-unauthorized",
        Weight.MODERATE,
        (
            "unauthorized: authentication failed",
            "unauthorized: authentication required",
            "unauthorized: failed authent",
        ),
        platform=True,
        source="distribution/distribution registry/api/errcode",
        example="unauthorized: authentication failed",
    ),
    Sign(
        "pull-rate-limit",
        Weight.MODERATE,
        "you have reached your pull rate limit",
        platform=True,
        source="docs.docker.com/docker-hub/usage",
        example="toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating "
        "and "
        "upgrading: https://www.docker.com/increase-rate-limit",
    ),
    Sign(
        "fetch-manifest-failed",
        Weight.STRONG,
        (
            "failed to fetch the image",
            "failed to fetch manifest",
            "failed to resolve reference",
            "failed to fetch oauth",
        ),
        platform=True,
        source="containerd remotes/docker/resolver.go",
        example='failed to resolve reference "registry-1.docker.io/shop/app:9": not found',
    ),
    Sign(
        "artifact-registry-denied",
        Weight.MODERATE,
        "permission denied while accessing artifact registry",
        source="google-github-actions/deploy-cloudrun, answer of gcloud",
        example="ERROR: Permission denied while accessing Artifact Registry.",
    ),
)


def look(facts: Facts) -> Iterator[Clue]:
    """An image that is not in the registry, and signs that the container did run."""
    started = _proofs_of_start(facts)
    if started:
        yield Clue("container_ran", Weight.DECISIVE, started, supports=False)
    elif facts.sections.get("image") is SectionStatus.NOT_FOUND and facts.execution.has_started is False:
        place = Pointer("image", "", facts.execution.image or "")
        yield Clue("not_in_registry", Weight.DECISIVE, (place,), values={"image": facts.execution.image or "-"})


def _proofs_of_start(facts: Facts) -> tuple[Pointer, ...]:
    """Where it shows that a container of this image ran: the image was there."""
    if facts.logs.has_output:
        first = next((message for message in facts.logs.messages if not message.origin.is_platform), None)
        if first is not None:
            return (first.locate(0),)
    ran = (End.SUCCEEDED, End.EXITED, End.SIGNALLED, End.TIMEOUT, End.MEMORY)
    return next((attempt.pointers for attempt in facts.attempts if attempt.end in ran), ())


RULE = Rule(
    cause="image-unavailable",
    family="platform",
    stage=Stage.PLATFORM,
    signs=SIGNS,
    look=look,
    needs=("execution",),
    remedies=(
        Remedy(
            "push_or_correct",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --image IMAGE@sha256:DIGEST",),
        ),
        Remedy(
            "let_agent_read",
            Risk.REVERSIBLE,
            (
                "gcloud artifacts repositories add-iam-policy-binding REPOSITORY --location LOCATION "
                "--project IMAGE_PROJECT --role roles/artifactregistry.reader --member "
                "serviceAccount:service-PROJECT_NUMBER@serverless-robot-prod.iam.gserviceaccount.com",
            ),
        ),
        Remedy(
            "last_good_digest",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs executions list --job {job} --region {region} --project {project}",
                "gcloud run jobs update {job} --region {region} --project {project} --image "
                "IMAGE@sha256:LAST_GOOD_DIGEST",
            ),
            is_workaround=True,
        ),
    ),
    check=Check("image", "gcloud artifacts docker images describe {image}"),
)
