"""What stands around a refusal: APIs that are off, scopes, billing, and the frames of client libraries."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.iam_permission_denied_signs import NOT_IAM, TELEMETRY

# An API that is off, scopes, and billing: also 403.
SIGNS_PROJECT = (
    Sign(
        "sql-connector-forbidden",
        Weight.DECISIVE,
        ("authenticated iam principal does not se", "authorized to make api request"),
        source="GoogleCloudPlatform/cloud-sql-python-connector google/cloud/sql/connector/client.py",
        example="Forbidden: Authenticated IAM principal does not seem authorized to make API request. Verify "
        "'Cloud SQL Admin API' is enabled within your GCP project and 'Cloud SQL Client' role has been granted.",
    ),
    Sign(
        "http-client-forbidden",
        Weight.STRONG,
        ("403, message=", "403 client error: forbidden", "status code 403"),
        r"(?:403, message=|403 Client Error: Forbidden|[Ss]tatus code 403).{0,400}\b\w+\.googleapis\.com",
        unless=TELEMETRY,
        source="aio-libs/aiohttp ClientResponseError; psf/requests raise_for_status",
        example="aiohttp.client_exceptions.ClientResponseError: 403, message='Forbidden', "
        "url='https://storage.googleapis.com/storage/v1/b/backups'",
    ),
    Sign(
        "api-disabled",
        Weight.DECISIVE,
        ("has not been used in project", "has not been used before", "it is disabled. enable it by visiting"),
        unless=TELEMETRY,
        source="Service Usage; googleapis/nodejs-secret-manager issue tracker",
        example="Cloud SQL Admin API has not been used in project 123456789012 before or it is disabled. Enable it by "
        "visiting https://console.developers.google.com/apis/api/sqladmin.googleapis.com/overview?project=123456789012",
    ),
    Sign(
        "api-disabled-reason",
        Weight.STRONG,
        ("accessnotconfigured", "service_disabled"),
        r"\baccessNotConfigured\b|\bSERVICE_DISABLED\b",
        unless=TELEMETRY,
        source="google.rpc.ErrorInfo reasons; Google API error domains",
        example='"reason": "SERVICE_DISABLED", "domain": "googleapis.com"',
    ),
    Sign(
        "api-not-enabled",
        Weight.STRONG,
        ("api is not enabled", "is not enabled for project", "api not enabled", "api [", "api has not been enabled"),
        r"\bapi (?:is |has )?not (?:been )?enabled|is not enabled for (?:the )?project|API \[[\w.-]+\] not enabled",
        source="Google Cloud SDK; Google API texts",
        example="API [bigquery.googleapis.com] not enabled on project [123456789012].",
    ),
    Sign(
        "firestore-api-off",
        Weight.STRONG,
        "cloud firestore api is not available",
        source="Datastore and Firestore API",
        example="The Cloud Firestore API is not available for Firestore in Datastore Mode database "
        "projects/shop/databases/x.",
    ),
    Sign(
        "scopes",
        Weight.STRONG,
        ("insufficient authentication scopes", "access_token_scope_insufficient", "insufficientpermissions"),
        unless=TELEMETRY,
        source="googleapis/google-api-python-client issue tracker; google.rpc.ErrorInfo reasons",
        example="Request had insufficient authentication scopes.",
    ),
    Sign(
        "iam-reason",
        Weight.DECISIVE,
        "iam_permission_denied",
        unless=NOT_IAM,
        source="google.rpc.ErrorInfo reasons",
        example='[reason: "IAM_PERMISSION_DENIED" domain: "iam.googleapis.com"]',
    ),
    Sign(
        "quota-project",
        Weight.STRONG,
        ("user_project_denied", "roles/serviceusage.serviceusageconsumer"),
        r"USER_PROJECT_DENIED|grant the caller",
        source="Service Usage",
        example="Caller does not have required permission to use project shop. Grant the caller the "
        "roles/serviceusage.serviceUsageConsumer role.",
    ),
    Sign(
        "billing-disabled",
        Weight.STRONG,
        ("requires billing to be enabled", "billing_disabled", "billing account for the owning project is disabled"),
        source="Service Usage; Cloud Storage JSON API",
        example="This API method requires billing to be enabled. Please enable billing on project #123456789012",
    ),
    Sign(
        "service-account-disabled",
        Weight.STRONG,
        (
            "service account is disabled",
            "account disabled: ",
            "service account does not exist",
            "account has been deleted",
        ),
        unless=r"user account",
        source="OAuth token service; compute metadata server",
        example="invalid_grant: Service account is disabled.",
    ),
)

# What client libraries put around any refusal.
SIGNS_CLIENTS = (
    Sign(
        "python-forbidden",
        Weight.STRONG,
        (
            "google.api_core.exceptions.forbidden",
            "google.api_core.exceptions.permissiondenied",
            "google.cloud.exceptions.f",
        ),
        unless=NOT_IAM,
        source="googleapis/python-api-core google/api_core/exceptions.py",
        example="google.api_core.exceptions.Forbidden: 403 GET https://storage.googleapis.com/storage/v1/b/exports?"
        "projection=noAcl",
    ),
    Sign(
        "python-http-error",
        Weight.STRONG,
        "<httperror 403 when requesting",
        unless=NOT_IAM,
        source="googleapis/google-api-python-client googleapiclient/errors.py",
        example="<HttpError 403 when requesting https://www.googleapis.com/drive/v3/files?alt=json returned "
        '"forbidden">',
    ),
    Sign(
        "grpc-permission-denied",
        Weight.STRONG,
        "permission_denied",
        r"\b7 PERMISSION_DENIED\b|StatusCode\.PERMISSION_DENIED|StatusRuntimeException: PERMISSION_DENIED|"
        r"status[\\\"']*: [\\\"']*PERMISSION_DENIED|^(?:error: \([\w.]+\) )?PERMISSION_DENIED:",
        unless=NOT_IAM,
        source="grpc/grpc-node packages/grpc-js/src/call.ts; grpc-java Status; grpcio _channel.py",
        example="Error: 7 PERMISSION_DENIED: request refused",
    ),
    Sign(
        "grpc-go-dotnet",
        Weight.STRONG,
        (
            "code = permissiondenied",
            'statuscode="permissiondenied"',
            "permissiondeniedexception",
            "permissiondeniederror",
        ),
        unless=NOT_IAM,
        source="grpc/grpc-go internal/status; grpc-dotnet Status; gax-java; google-cloud-ruby errors.rb",
        example="rpc error: code = PermissionDenied desc = request refused",
    ),
    Sign(
        "googleapi-403",
        Weight.STRONG,
        ("googleapi: error 403", "googleapi: got http response code 403"),
        unless=NOT_IAM,
        source="googleapis/google-api-go-client googleapi/googleapi.go",
        example="googleapi: Error 403: Forbidden, forbidden",
    ),
    Sign(
        "gcloud-http-403",
        Weight.STRONG,
        ("httperror 403", "responseerror: code=403", "responseerror: status=[403]", "failed to run: 403"),
        unless=NOT_IAM,
        source="Google Cloud SDK, googlecloudsdk/api_lib/util/exceptions.py",
        example="ERROR: (gcloud.sql.export.sql) HTTPError 403: The service account does not have the required "
        "permissions "
        "for the bucket.",
    ),
    Sign(
        "java-json-403",
        Weight.STRONG,
        ("googlejsonresponseexception: 403", "storageexception: 403", "bigqueryexception: 403"),
        unless=NOT_IAM,
        source="googleapis/google-http-java-client GoogleJsonResponseException.java",
        example="com.google.api.client.googleapis.json.GoogleJsonResponseException: 403 Forbidden",
    ),
    Sign(
        "dotnet-forbidden",
        Weight.STRONG,
        ("the service .* has thrown an exception", "httpstatuscode is forbidden"),
        r"HttpStatusCode is Forbidden",
        unless=NOT_IAM,
        source="googleapis/google-api-dotnet-client GoogleApiException.cs",
        example="The service storage has thrown an exception. HttpStatusCode is Forbidden. Insufficient Permission",
    ),
    Sign(
        "ruby-forbidden",
        Weight.STRONG,
        ("google::apis::clienterror", "google::cloud::permissiondeniederror"),
        r"PermissionDeniedError|ClientError.{0,20}(?:forbidden|403|insufficient)",
        unless=NOT_IAM,
        source="googleapis/google-api-ruby-client google-apis-core http_command.rb",
        example="Google::Apis::ClientError (forbidden: migrator does not have the right)",
    ),
    Sign(
        "gaxios-forbidden",
        Weight.STRONG,
        "gaxioserror",
        r"GaxiosError:? (?:[\w .,]{0,80})?(?:Forbidden|permission|not authorized)|"
        r"GaxiosError[\s\S]{0,200}(?:code|status)[\"': ]{1,4}403\b",
        unless=NOT_IAM,
        source="googleapis/gaxios src/common.ts",
        example="GaxiosError: Forbidden\n    at Gaxios._request (/app/node_modules/gaxios/build/src/gaxios.js:142:23)",
    ),
    Sign(
        "rest-error-body",
        Weight.MODERATE,
        "403",
        r"[\"']code[\\\"']*: 403\b.{0,400}(?:google|forbidden|permission)",
        unless=NOT_IAM,
        source="cloud.google.com/apis/design/errors; googleapis/gaxios",
        example='{"error": {"code": 403, "message": "Forbidden", "errors": [{"domain": "global", "reason": '
        '"forbidden"}]}}',
    ),
    Sign(
        "aws-not-authorized",
        Weight.DECISIVE,
        ("is not authorized to perform: ", "(accessdenied) when calling", "accessdeniedexception: user: "),
        unless=r"secretsmanager:",
        source="AWS IAM refusals; boto/botocore botocore/exceptions.py",
        example="An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:iam::1:user/job "
        "is not "
        "authorized to perform: s3:PutObject on resource: arn:aws:s3:::exports/a.csv",
    ),
    Sign(
        "s3-access-denied",
        Weight.MODERATE,
        ("accessdenied: access denied", "code: accessdenied", "status code: 403, request id"),
        source="aws/aws-sdk-js lib/services/s3.js; aws/aws-sdk-go",
        example="AccessDenied: Access Denied\n\tstatus code: 403, request id: 7, host id: 9",
    ),
    Sign(
        "azure-authorization",
        Weight.MODERATE,
        ("does not have authorization to perform action", "authorizationpermissionmismatch"),
        source="Azure Resource Manager and Storage error codes",
        example="The client 'job' does not have authorization to perform action 'Microsoft.Storage/read'.",
    ),
)

SIGNS = SIGNS_PROJECT + SIGNS_CLIENTS
