"""What Cloud Run, Secret Manager and its clients print when a secret cannot be read."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# Secrets as environment variables or volumes: Cloud Run itself reads them.
SIGNS_PLATFORM = (
    Sign(
        "reference-denied",
        Weight.PLATFORM,
        "permission denied on secret:",
        platform=True,
        source="cloud.google.com/run/docs/configuring/jobs/secrets; recorded conditions",
        example="spec.template.spec.containers[0].env[5].value_from.secret_key_ref.name: Permission denied on secret: "
        "projects/123456789012/secrets/db-password/versions/latest for Revision service account "
        "migrator@shop.iam.gserviceaccount.com. The service account used must be granted the 'Secret Manager Secret "
        "Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.",
    ),
    Sign(
        "reference-not-found",
        Weight.PLATFORM,
        "was not found",
        r"\bsecret\W{0,3}projects/\S+/secrets/\S+ was not found",
        platform=True,
        source="Cloud Run, recorded conditions",
        example="spec.template.spec.containers[0].env[2].value_from.secret_key_ref.name: Secret "
        "projects/123456789012/secrets/api-key/versions/latest was not found",
    ),
    Sign(
        "reference-failed",
        Weight.PLATFORM,
        "failed to access secret",
        r"failed to access secret projects/",
        platform=True,
        source="Cloud Run, recorded conditions of job executions",
        example="Failed to access secret projects/shop/secrets/api-key/versions/latest: Secret Version "
        "[projects/123456789012/secrets/api-key/versions/8] is in DESTROYED state.",
    ),
    Sign(
        "reference-field",
        Weight.DECISIVE,
        ("secret_key_ref", "secretkeyref"),
        r"secret_?key_?ref\.(?:name|key)\W",
        platform=True,
        source="Cloud Run, field path of a refused reference",
        example="spec.template.spec.containers[0].env[2].value_from.secret_key_ref.key: secret version 'newest' is "
        "invalid",
    ),
    Sign(
        "secrets-check-failed",
        Weight.PLATFORM,
        ("secrets_access_check_failed", "secretsaccesscheckfailed"),
        platform=True,
        source="google.cloud.run.v2.Condition.CommonReason",
        example="Ready condition status changed to False with reason SecretsAccessCheckFailed",
    ),
    Sign(
        "accessor-role-needed",
        Weight.DECISIVE,
        ("secret manager secret accessor", "roles/secretmanager.secretaccessor"),
        r"must be granted|grant|missing|requires?|needs?|lacks?",
        unless=r"^(?:info|debug)\b",
        source="cloud.google.com/run/docs/configuring/jobs/secrets",
        example="The service account used must be granted the 'Secret Manager Secret Accessor' role "
        "(roles/secretmanager.secretAccessor) at the secret, project or higher level.",
    ),
    Sign(
        "secret-volume-mount",
        Weight.STRONG,
        ("failed to mount secret", "error mounting secret", "failed to mount volume"),
        r"secret",
        platform=True,
        source="cloud.google.com/run/docs/configuring/jobs/secrets (volumes are read late)",
        example="Failed to mount volume: secret projects/123456789012/secrets/tls-key could not be read",
    ),
)

# Secrets that the program fetches by itself.
SIGNS_PROGRAM = (
    Sign(
        "access-denied",
        Weight.DECISIVE,
        "secretmanager.versions.access",
        r"secretmanager\.versions\.access[\\'\"`]* (?:permission )?denied|"
        r"(?:denied|missing|lacks|required)\b.{0,60}secretmanager\.versions\.access",
        source="googleapis/python-secret-manager and googleapis/nodejs-secret-manager issue trackers",
        example="google.api_core.exceptions.PermissionDenied: 403 Permission 'secretmanager.versions.access' denied "
        "for "
        "resource 'projects/shop/secrets/flask_key/versions/latest' (or it may not exist).",
    ),
    Sign(
        "other-permission-denied",
        Weight.DECISIVE,
        ("secretmanager.versions.get", "secretmanager.secrets."),
        r"secretmanager\.(?:versions|secrets)\.\w+[\\'\"`]* denied",
        source="Secret Manager API",
        example="7 PERMISSION_DENIED: Permission 'secretmanager.versions.get' denied for resource "
        "'projects/shop/secrets/api-key/versions/latest' (or it may not exist).",
    ),
    Sign(
        "secret-not-found",
        Weight.DECISIVE,
        "not found",
        r"\bsecret (?:version )?\[?projects/[^\s\]]+/secrets/[^\s\]]+\]? (?:was )?not found",
        source="Secret Manager API",
        example="google.api_core.exceptions.NotFound: 404 Secret [projects/123456789012/secrets/stripe-key] not found "
        "or "
        "has no versions.",
    ),
    Sign(
        "version-disabled",
        Weight.DECISIVE,
        ("is in disabled state", "is in destroyed state"),
        r"secret version|/secrets/",
        source="Secret Manager API",
        example="9 FAILED_PRECONDITION: Secret Version [projects/123456789012/secrets/api-key/versions/3] is in "
        "DISABLED "
        "state.",
    ),
    Sign(
        "no-versions",
        Weight.DECISIVE,
        ("not found or has no versions", "secret has no versions"),
        source="Secret Manager API",
        example="NOT_FOUND: Secret [projects/123456789012/secrets/new-key] not found or has no versions.",
    ),
    Sign(
        "secret-resource-in-error",
        Weight.STRONG,
        "/secrets/",
        r"(?:permission.?denied|not.?found|failed.?precondition|forbidden|\b40[34]\b).{0,200}projects/[^/\s]+/secrets/|"
        r"projects/[^/\s]+/secrets/\S+.{0,120}(?:permission.?denied|not.?found|forbidden|denied|does not exist)",
        source="google.api_core.exceptions, grpc status texts",
        example="rpc error: code = NotFound desc = Secret Version [projects/1/secrets/api-key/versions/12] missing",
    ),
    Sign(
        "secret-name-invalid",
        Weight.STRONG,
        "is not in a valid format",
        r"secrets/.{0,120}is not in a valid format",
        source="googleapis/nodejs-secret-manager issue tracker",
        example="3 INVALID_ARGUMENT: Resource ID [projects/688327991979/secrets/foobar] is not in a valid format.",
    ),
    Sign(
        "client-call-failed",
        Weight.STRONG,
        ("accesssecretversion", "access_secret_version", "secretmanagerserviceclient", "secretmanagerservice/"),
        r"permission.?denied|not.?found|failed.?precondition|forbidden|\b40[034]\b|status ?code|failed|error",
        unless=r"unavailable|deadline.?exceeded|default credentials",
        source="google-cloud-go secretmanager, google-cloud-node packages/google-cloud-secretmanager",
        example="failed to access secret version: rpc error: code = PermissionDenied desc = AccessSecretVersion: "
        "denied",
    ),
    Sign(
        "secret-fetch-failed",
        Weight.MODERATE,
        "secret",
        r"\b(?:fail(?:ed|ure)|unable|could not|couldn'?t|cannot|error)\b.{0,30}"
        r"\b(?:access|fetch|read|retriev|load|get|resolv)\w*\b.{0,20}\bsecrets?\b",
        unless=r"client.?secret|webhook|jwt.?secret|kubernetes|not set|undefined|environment variable|\.env\b",
        platform=False,
        source="common wording of programs",
        example="Error fetching secret stripe-key from Secret Manager: 404",
    ),
    Sign(
        "gcloud-secrets",
        Weight.DECISIVE,
        "(gcloud.secrets.",
        r"\(gcloud\.secrets\.\S+\).*(?:denied|not.?found|precondition|disabled|destroyed)",
        source="Google Cloud SDK, gcloud secrets versions access",
        example="ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [projects/1/secrets/key] not found or has "
        "no "
        "versions.",
    ),
    Sign(
        "spring-secret-manager",
        Weight.STRONG,
        ("sm://", "sm@", "secretmanagertemplate", "secretmanagerpropertysource"),
        r"could not|unable|failed|denied|not.?found|exception",
        source="GoogleCloudPlatform/spring-cloud-gcp spring-cloud-gcp-secretmanager",
        example="com.google.cloud.spring.secretmanager.SecretManagerException: SecretManagerTemplate could not read "
        "sm://db-password",
    ),
    Sign(
        "berglas",
        Weight.DECISIVE,
        "berglas",
        r"failed to (?:access|resolve|get) (?:secret|reference)|failed to access",
        source="GoogleCloudPlatform/berglas pkg/berglas",
        example="berglas: failed to access secret: failed to access secret version: rpc error: code = PermissionDenied",
    ),
    Sign(
        "secret-api-disabled",
        Weight.MODERATE,
        "secret manager api has not been used in project",
        source="googleapis/nodejs-secret-manager issue tracker",
        example="7 PERMISSION_DENIED: Secret Manager API has not been used in project 698910892233 before or it is "
        "disabled.",
    ),
    Sign(
        "secret-file-unreadable",
        Weight.MODERATE,
        ("/secrets/", "/run/secrets", "/etc/secrets"),
        r"(?:permission denied|input/output error|EACCES|EIO|transport endpoint)\W.{0,80}/(?:run/|etc/)?secrets/|"
        r"/(?:run/|etc/)?secrets/\S+.{0,20}(?:permission denied|input/output error)",
        source="cloud.google.com/run/docs/configuring/jobs/secrets (a volume fails when it is read)",
        example="open /secrets/api-key: input/output error",
    ),
    Sign(
        "kms-for-secret",
        Weight.STRONG,
        ("cloud kms key", "crypto key"),
        r"secret.{0,200}(?:permission|denied|disabled|destroyed)|(?:denied|disabled|destroyed).{0,200}\bsecret\b",
        source="cloud.google.com/secret-manager/docs/cmek",
        example="FAILED_PRECONDITION: Cloud KMS key used by secret projects/1/secrets/key is disabled",
    ),
    Sign(
        "aws-secrets-manager",
        Weight.STRONG,
        ("secrets manager can't find the specified secret", "secretsmanager:getsecretvalue"),
        source="AWS Secrets Manager API reference, GetSecretValue",
        example="ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    ),
    Sign(
        "azure-key-vault",
        Weight.STRONG,
        ("secretnotfound", "was not found in this key vault"),
        source="Azure Key Vault REST error codes",
        example="(SecretNotFound) A secret with (name/id) db-password was not found in this key vault.",
    ),
    Sign(
        "vault-secret",
        Weight.MODERATE,
        "error making api request",
        r"/v1/\S*(?:secret|kv|database/creds)\S*",
        source="hashicorp/vault api/response.go",
        example="Error making API request.\n\nURL: GET https://vault:8200/v1/secret/data/app\nCode: 403. Errors:\n\n* "
        "permission denied",
    ),
)

SIGNS = SIGNS_PLATFORM + SIGNS_PROGRAM
