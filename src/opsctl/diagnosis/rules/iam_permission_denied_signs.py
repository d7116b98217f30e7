"""What Google APIs and their clients print when an identity lacks a right, and a few other clouds' words."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# A 403 of an optional exporter fails nothing but the exporter. Its module path alone says nothing: instrumented clients
# have it in every stack.
TELEMETRY = (
    r"cloudtrace\.|monitoring\.timeseries\.create|cloudprofiler\.|logging\.logentries\.create|"
    r"(?:failed|unable|error|could not) (?:to )?(?:export|upload|send|flush)(?:ing)? "
    r"(?:\w+ )?(?:spans?|traces?|metrics?|profile)|"
    r"\w(?:span|metric|trace)s?exporter\b"
)
QUOTA = r"quota ?exceeded|exceed\w*.{0,40}\bquota|quota metric|rate ?limit ?exceeded|exceeded rate limit"
OTHER_RULES = r"secretmanager\.(?:versions|secrets)|/secrets/|permission denied on secret|read the image"
NOT_IAM = rf"{TELEMETRY}|{OTHER_RULES}|{QUOTA}"

# Texts of the services: they name the permission, the service or the account.
SIGNS_SERVICES = (
    Sign(
        "permission-on-resource",
        Weight.DECISIVE,
        ("denied on ", "denied for "),
        r"permission:? [\\'\"`]*[a-z][\w-]*(?:\.\w+)+[\\'\"`]* denied (?:on|for)",
        unless=NOT_IAM,
        source="google.iam.v1 refusals, recorded in the issue trackers of googleapis",
        example="7 PERMISSION_DENIED: Permission 'aiplatform.endpoints.predict' denied on resource "
        "'//aiplatform.googleapis.com/projects/shop/locations/us-central1/endpoints/7' (or it may not exist).",
    ),
    Sign(
        "permission-denied-generic",
        Weight.STRONG,
        "denied on resource (or it may not exist)",
        unless=NOT_IAM,
        source="google.iam.v1 refusals",
        example="Permission denied on resource (or it may not exist).",
    ),
    Sign(
        "permission-named",
        Weight.DECISIVE,
        ("permission", "required"),
        r"(?:missing (?:the )?(?:required )?(?:iam )?|lacks (?:the )?(?:iam )?|does not have (?:the )?(?:required )?|"
        r"requires? (?:the )?(?:iam )?|required )permissions?:? [\\'\"`(]*(?!run\.)[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+",
        unless=NOT_IAM,
        source="googleapis/google-cloud-go, python-spanner; Cloud Tasks and Cloud SQL Admin answers",
        example='403 The principal (user or service account) lacks IAM permission "cloudtasks.tasks.create" for the '
        'resource "projects/shop/locations/asia-northeast3/queues/mail" (or the resource may not exist).',
    ),
    Sign(
        "required-permission-for",
        Weight.DECISIVE,
        "permission for",
        r"required [\\'\"`]+[a-z]+(?:\.\w+)+[\\'\"`]+ permission for",
        unless=NOT_IAM,
        source="Compute Engine API",
        example="Required 'compute.instances.get' permission for 'projects/shop/zones/us-central1-a/instances/vm-1'",
    ),
    Sign(
        "storage-access",
        Weight.DECISIVE,
        "does not have ",
        r"does not have (?:storage|serviceusage)\.[\w.]+ access",
        unless=NOT_IAM,
        source="Cloud Storage JSON API; googleapis/google-cloud-php issue tracker",
        example="migrator@shop.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud "
        "Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist).",
    ),
    Sign(
        "storage-volume-mount",
        Weight.MODERATE,
        "mount operation failed",
        r"\(type: gcs\b|gcsfuse|mountwithstoragehandle",
        source="GoogleCloudPlatform/gcsfuse cmd/mount.go; Cloud Run, volume mounts",
        example="terminated: Application failed to run: volume (type: gcs, name: input): mount operation failed",
    ),
    Sign(
        "storage-xml-access-denied",
        Weight.STRONG,
        ("<code>accessdenied</code>", "accessdeniedexception: 403", "access_denied: 403"),
        unless=NOT_IAM,
        source="Cloud Storage XML API; gsutil",
        example="AccessDeniedException: 403 HttpError accessing "
        "<https://storage.googleapis.com/storage/v1/b/exports/o>",
    ),
    Sign(
        "bigquery-permission",
        Weight.DECISIVE,
        ("user does not have bigquery.", "user does not have permission to "),
        r"user does not have (?:bigquery\.[\w.]+ permission|permission to (?:query|access|write|create|run|list))",
        unless=NOT_IAM,
        source="BigQuery API; googleapis/python-bigquery issue tracker",
        example="403 POST https://bigquery.googleapis.com/bigquery/v2/projects/shop/jobs: Access Denied: Project shop: "
        "User does not have bigquery.jobs.create permission in project shop.",
    ),
    Sign(
        "bigquery-access-denied",
        Weight.DECISIVE,
        "access denied: ",
        r"access denied: (?:project|table|dataset|view|routine|bigquery|materialized|connection|user)\b",
        unless=NOT_IAM,
        source="BigQuery API",
        example="Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    ),
    Sign(
        "cloudsql-client-not-authorized",
        Weight.DECISIVE,
        (
            "the client is not authorized to make this request",
            "boss::not_authorized",
            "not_authorized: missing permission",
        ),
        source="Cloud SQL Admin API; GoogleCloudPlatform/cloud-sql-proxy issue tracker",
        example="googleapi: Error 403: The client is not authorized to make this request., notAuthorized",
    ),
    Sign(
        "metadata-refuses-token",
        Weight.MODERATE,
        "metadata service. status: ",
        r"service-accounts/[^\n]{1,200}/token[^\n]{0,300}metadata ?service\. Status: (?:403|404|500)",
        source="googleapis/google-auth-library-python google/auth/compute_engine/_metadata.py",
        example="Failed to retrieve http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/"
        "job@p.iam.gserviceaccount.com/token from the Google Compute Engine metadata service. Status: 403",
    ),
    Sign(
        "cloudsql-account-access",
        Weight.STRONG,
        "ensure that the account has access to",
        source="GoogleCloudPlatform/cloud-sql-proxy proxy/certs/certs.go (version 1)",
        example='ensure that the account has access to "shop:asia-northeast3:main" (and make sure there\'s no typo in '
        "that "
        "name).",
    ),
    Sign(
        "cloudsql-not-authorized-to-resource",
        Weight.DECISIVE,
        "not authorized to access resource. possibly missing permission",
        source="Cloud SQL Admin API",
        example="googleapi: Error 403: boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing "
        "permission "
        "cloudsql.instances.get on resource instances/main., forbidden",
    ),
    Sign(
        "pubsub-not-authorized",
        Weight.STRONG,
        "user not authorized to perform this action",
        source="Pub/Sub API; googleapis/python-pubsub issue tracker",
        example="google.api_core.exceptions.PermissionDenied: 403 User not authorized to perform this action.",
    ),
    Sign(
        "firestore-insufficient",
        Weight.STRONG,
        "missing or insufficient permissions",
        unless=NOT_IAM,
        source="Firestore API; googleapis/nodejs-firestore issue tracker",
        example="Error: 7 PERMISSION_DENIED: Missing or insufficient permissions.",
    ),
    Sign(
        "spanner-missing",
        Weight.DECISIVE,
        "caller is missing iam permission",
        source="googleapis/google-cloud-go spanner/session_test.go",
        example="Caller is missing IAM permission spanner.databases.select on resource "
        "projects/shop/instances/i/databases/d.",
    ),
    Sign(
        "caller-no-permission",
        Weight.STRONG,
        (
            "the caller does not have permission",
            "caller does not have permission",
            "the user does not have permission",
            "does not have sufficient permission",
            "caller does not have required permission",
        ),
        unless=NOT_IAM,
        source="google.rpc.Code PERMISSION_DENIED, default text of Google APIs",
        example='<HttpError 403 when requesting https://sheets.googleapis.com/v4/spreadsheets/1 returned "The caller '
        "does "
        'not have permission". Details: "The caller does not have permission">',
    ),
    Sign(
        "act-as",
        Weight.DECISIVE,
        "iam.serviceaccounts.actas",
        r"denied|lacks|missing|required|does not have|must have|need",
        source="IAM; stefda/action-cloud-run issue tracker",
        example="Permission 'iam.serviceaccounts.actAs' denied on service account "
        "migrator@shop.iam.gserviceaccount.com "
        "(or it may not exist).",
    ),
    Sign(
        "access-token-permission",
        Weight.DECISIVE,
        ("permission to get access tokens for the service account", "iam.serviceaccounts.getaccesstoken"),
        r"get access tokens for the service account|getaccesstoken[\\'\"`]* (?:permission )?(?:denied|on)",
        source="GoogleCloudPlatform/terraform-google-cloud-run issue tracker; IAM Credentials API",
        example="Google Cloud Run Service Agent does not have permission to get access tokens for the service account "
        "migrator@shop.iam.gserviceaccount.com.",
    ),
    Sign(
        "sign-blob",
        Weight.DECISIVE,
        ("iam.serviceaccounts.signblob", "iam.serviceaccounts.signjwt", "iam.serviceaccounts.implicitdelegation"),
        r"denied|required|does not have|missing|lacks",
        source="IAM Credentials API; jschneier/django-storages and spatie/laravel-google-cloud-storage issue trackers",
        example="Permission 'iam.serviceAccounts.signBlob' denied on resource (or it may not exist).",
    ),
    Sign(
        "sign-bytes-api",
        Weight.STRONG,
        "error calling the iam signbytes api",
        source="googleapis/google-auth-library-python google/auth/iam.py",
        example='google.auth.exceptions.TransportError: Error calling the IAM signBytes API: b\'{ "error": {"code": '
        "403 }}'",
    ),
    Sign(
        "impersonation-failed",
        Weight.STRONG,
        ("unable to acquire impersonated credentials", "unable to impersonate"),
        source="googleapis/google-auth-library-python google/auth/impersonated_credentials.py, "
        "google-auth-library-nodejs",
        example="google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', '{...}')",
    ),
    Sign(
        "firebase-insufficient",
        Weight.STRONG,
        ("has insufficient permission to access the requested", "auth/insufficient-permission"),
        source="firebase/firebase-admin-node src/utils/error.ts",
        example='Credential implementation provided to initializeApp() via the "credential" property has insufficient '
        "permission to access the requested resource.",
    ),
    Sign(
        "project-access",
        Weight.STRONG,
        "does not have permission to access",
        r"does not have permission to access (?:projects?|namespaces?|organizations?|folders?|bucket|b/|the)\b",
        unless=NOT_IAM,
        source="Google Cloud SDK, texts of gcloud",
        example="ERROR: (gcloud.sql.export.sql) [migrator@shop.iam.gserviceaccount.com] does not have permission to "
        "access "
        "projects instance [shop] (or it may not exist): Not authorized.",
    ),
    Sign(
        "invoker-missing",
        Weight.STRONG,
        (
            "your client does not have permission to get url",
            "your client does not have permission to the requested url",
        ),
        source="Google Front End, 403 page of Cloud Run and Cloud Functions",
        example="<h2>Your client does not have permission to get URL <code>/tasks</code> from this server.</h2>",
    ),
    Sign(
        "organisation-policy",
        Weight.STRONG,
        ("request is prohibited by organization's policy", "vpcservicecontrolsuniqueidentifier"),
        source="VPC Service Controls; googleapis/google-cloud-python tests",
        example="PERMISSION_DENIED: Request is prohibited by organization's policy. "
        "vpcServiceControlsUniqueIdentifier: 1A2B",
    ),
    Sign(
        "kms-permission",
        Weight.DECISIVE,
        "cloudkms.",
        r"cloudkms\.\w+\.\w+[\\'\"`]* denied|(?:does not have|lacks|missing|required)\b.{0,80}cloudkms\.",
        source="Cloud KMS API",
        example="Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource "
        "'projects/p/locations/global/k' (or "
        "it may not exist).",
    ),
    Sign(
        "kms-key-of-bucket",
        Weight.STRONG,
        ("permission denied on cloud kms key", "encryption_key_permission_denied", "encryptionkeypermissiondenied"),
        source="Cloud Storage with customer-managed keys; google.cloud.run.v2.Condition.CommonReason",
        example="Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been "
        "authorized to use this key.",
    ),
)

SIGNS = SIGNS_SERVICES
