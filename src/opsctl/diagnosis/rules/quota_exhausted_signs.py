"""What services print when a quota or a rate limit is used up."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# A line that only announces another try; the last of the tries that are allowed announces none.
RETRIED = (
    r"^(?!.{0,500}\b(?P<try>\d{1,4}) ?(?:/|of) ?(?P=try)\b)"
    r".{0,500}(?:retrying (?:in|after)|will (?:be )?retr(?:y|ied)|backing off|attempt \d+ (?:of|/) ?\d+ failed)"
)

SIGNS_GOOGLE = (
    Sign(
        "subnetwork-full",
        Weight.DECISIVE,
        ("insufficient free ip addresses", "ip space exhausted", "ip_space_exhausted"),
        source="Cloud Run, condition of direct VPC egress; Compute Engine IP_SPACE_EXHAUSTED",
        example="Instance failed to start because of insufficient free IP addresses in the subnetwork "
        "projects/p/regions/us-central1/subnetworks/run when attempting to create an address in the subnetwork.",
    ),
    Sign(
        "cloud-run-allowance",
        Weight.PLATFORM,
        "quota exceeded for total allowable",
        platform=True,
        source="Cloud Run, condition; cloud.google.com/run/quotas",
        example="Quota exceeded for total allowable CPU per project per region.",
    ),
    Sign(
        "cloud-run-quota-violated",
        Weight.PLATFORM,
        ("quota violated", "quota exceeded", "maximum number of", "exceeds the quota", "spend cap", "spend-based"),
        r"quota violated|quota exceeded|exceeds the quota|spend(?:ing)?[- ](?:cap|based)|"
        r"maximum number of .{0,40}(?:reached|exceeded)",
        platform=True,
        source="Cloud Run, conditions; cloud.google.com/run/docs/troubleshooting",
        example="Max instances must be set to 10 or fewer in order to set the requested total CPU. Quota violated: "
        "CpuAlloc",
    ),
    Sign(
        "no-instance-available",
        Weight.MODERATE,
        ("no available instance", "no instance was available", "could not start an instance"),
        source="cloud.google.com/run/docs/troubleshooting",
        example="The request was aborted because there was no available instance.",
    ),
    Sign(
        "quota-metric",
        Weight.DECISIVE,
        "quota exceeded for quota ",
        r"quota exceeded for quota (?:metric|group)",
        unless=RETRIED,
        source="Service Control; googleapis/nodejs-talent issue tracker",
        example="8 RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Read requests' and limit 'Read requests per "
        "minute' of "
        "service 'sheets.googleapis.com' for consumer 'project_number:123456789012'.",
    ),
    Sign(
        "resource-exhausted-words",
        Weight.DECISIVE,
        ("resource has been exhausted", "resource exhausted. please try again", "check quota)"),
        unless=RETRIED,
        source="google.rpc.Code RESOURCE_EXHAUSTED, default text of Google APIs",
        example="429 Resource has been exhausted (e.g. check quota).",
    ),
    Sign(
        "resource-exhausted",
        Weight.STRONG,
        ("resource_exhausted", "code = resourceexhausted", "resourceexhausted"),
        r"\bRESOURCE_EXHAUSTED\b|\bResourceExhausted(?:Exception|Error)?\b",
        unless=r"larger than max|message too large|received message|out of memory|" + RETRIED,
        source="google.rpc.Code; google/api_core/exceptions.py; grpc-go codes",
        example="google.api_core.exceptions.ResourceExhausted: 429 Quota exceeded for aiplatform.googleapis.com/"
        "generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-1.5-pro.",
    ),
    Sign(
        "resource-exhausted-quota",
        Weight.DECISIVE,
        ("resource_exhausted", "resourceexhausted"),
        r"resource_?exhausted\W.{0,20}(?:quota|rate|you exceeded|too many)",
        unless=RETRIED,
        source="google.rpc.Code; googleapis/nodejs-talent issue tracker",
        example="Error: 8 RESOURCE_EXHAUSTED: Quota exceeded.",
    ),
    Sign(
        "google-reasons",
        Weight.DECISIVE,
        (
            "ratelimitexceeded",
            "quotaexceeded",
            "dailylimitexceeded",
            "rate_limit_exceeded",
            "quota_exceeded",
            "limitexceeded",
        ),
        r"\b(?:user)?rateLimitExceeded(?:Unreg)?\b|\bquotaExceeded\b|\bdailyLimitExceeded|\bRATE_LIMIT_EXCEEDED\b|"
        r"\bQUOTA_EXCEEDED\b|\bconcurrentLimitExceeded\b|\bstorageQuotaExceeded\b",
        unless=RETRIED,
        source="Google API error domains; google.rpc.ErrorInfo reasons",
        example='"errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]',
    ),
    Sign(
        "bigquery-quota",
        Weight.DECISIVE,
        ("quota exceeded: ", "exceeded rate limits:", "exceeded quota for"),
        unless=RETRIED,
        source="cloud.google.com/bigquery/docs/troubleshoot-quotas",
        example="403 Exceeded rate limits: too many table update operations for this table. For more information, see "
        "https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
    ),
    Sign(
        "bigquery-resources",
        Weight.STRONG,
        (
            "resources exceeded during query execution",
            "query exceeded limit for bytes billed",
            "query exceeded resource",
        ),
        source="cloud.google.com/bigquery/docs/error-messages",
        example="400 Resources exceeded during query execution: The query could not be executed in the allotted "
        "memory.",
    ),
    Sign(
        "storage-object-rate",
        Weight.DECISIVE,
        ("rate limit for object mutation operations", "gcs429", "exceeded the rate limit for"),
        unless=RETRIED,
        source="cloud.google.com/storage/docs/gcs429",
        example="429 The object exports/state.json exceeded the rate limit for object mutation operations (create, "
        "update, and "
        "delete). Please reduce your request rate.",
    ),
    Sign(
        "drive-storage",
        Weight.DECISIVE,
        ("drive storage quota has been exceeded", "do not have storage quota"),
        source="Google Drive API error reasons",
        example="Service Accounts do not have storage quota. Leverage shared drives.",
    ),
    Sign(
        "user-quota",
        Weight.STRONG,
        (
            "user rate limit exceeded",
            "daily limit for",
            "per minute per user",
            "quota limit exceeded",
            "quota limit reached",
        ),
        r"rate limit exceeded|daily limit (?:for|exceeded)|quota exceeded|quota limit (?:exceeded|reached)|"
        r"exceeded.{0,60}per user",
        unless=RETRIED,
        source="Google API error texts",
        example='<HttpError 403 when requesting https://gmail.googleapis.com/ returned "User Rate Limit Exceeded">',
    ),
)

SIGNS_OTHERS = (
    Sign(
        "http-429",
        Weight.STRONG,
        ("429", "too many requests", "toomanyrequests"),
        r"(?:status(?: ?code)?|error|http(?:/[\d.]+)?|code|response)[\\'\":= (]*429\b|"
        r"\b429\b[\\'\": ,-]*too many requests|\b429 (?:from|by|response|returned|received)\b|"
        r"\b(?:got|received|returned|returns|answered|an?) (?:http )?429\b|"
        r"too ?many ?requests(?:exception|error)?\b",
        unless=RETRIED + r"|too many requests to retry",
        source="RFC 6585; psf/requests, axios/axios lib/core/settle.js, guzzle/guzzle RequestException.php",
        example="AxiosError: Request failed with status code 429",
    ),
    Sign(
        "client-429",
        Weight.DECISIVE,
        (
            "429 client error",
            "request failed with status code 429",
            "http error 429",
            "resulted in a `429",
            "429 too many requests from",
            "response status code does not indicate success: 429",
            "unexpected status code: 429",
        ),
        unless=RETRIED,
        source="psf/requests models.py; axios/axios settle.js; guzzle RequestException.php",
        example="requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://api.example.com/v1",
    ),
    Sign(
        "openai-quota",
        Weight.DECISIVE,
        (
            "insufficient_quota",
            "you exceeded your current quota",
            "billing_hard_limit_reached",
            "credit balance is too low",
        ),
        source="platform.openai.com/docs/guides/error-codes; docs.anthropic.com/en/api/errors",
        example="openai.RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded your current quota, "
        "please check "
        "your plan and billing details.', 'type': 'insufficient_quota'}}",
    ),
    Sign(
        "llm-rate-limit",
        Weight.STRONG,
        ("rate limit reached for", "rate_limit_error", "ratelimiterror", "tokens per min"),
        unless=RETRIED,
        source="platform.openai.com/docs/guides/rate-limits; docs.anthropic.com/en/api/rate-limits",
        example="Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29512",
    ),
    Sign(
        "api-rate-limit",
        Weight.DECISIVE,
        (
            "api rate limit exceeded",
            "secondary rate limit",
            "triggered an abuse detection mechanism",
            "rate limit exceeded",
            "rate limited",
            "exceeded your rate limit",
        ),
        unless=RETRIED + r"|rate limiting (?:is )?(?:enabled|disabled)",
        source="docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api",
        example="HttpError: API rate limit exceeded for installation ID 1234.",
    ),
    Sign(
        "aws-throttling",
        Weight.DECISIVE,
        (
            "throttlingexception",
            "provisionedthroughputexceeded",
            "requestlimitexceeded",
            "slowdown: please reduce",
            "(slowdown) when calling",
            "(throttling) when calling",
            "servicequotaexceeded",
            "limitexceededexception",
        ),
        unless=RETRIED,
        source="AWS common errors; boto/botocore botocore/retries",
        example="An error occurred (ThrottlingException) when calling the PutItem operation (reached max retries: 4): "
        "Rate "
        "exceeded",
    ),
    Sign(
        "upstash-limit",
        Weight.DECISIVE,
        ("max daily request limit exceeded", "max requests limit exceeded", "max monthly request limit"),
        source="upstash.com/docs/redis/troubleshooting/max_daily_request_limit",
        example="ReplyError: ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.",
    ),
    Sign(
        "pull-rate-limit",
        Weight.MODERATE,
        "you have reached your pull rate limit",
        source="docs.docker.com/docker-hub/usage",
        example="toomanyrequests: You have reached your pull rate limit.",
    ),
    Sign(
        "mail-limit",
        Weight.STRONG,
        (
            "maximum credits exceeded",
            "daily user sending limit exceeded",
            "daily sending quota exceeded",
            "sending quota",
        ),
        r"exceeded",
        source="docs.sendgrid.com; support.google.com/a/answer/166852; Amazon SES",
        example="550-5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to",
    ),
    Sign(
        "mysql-resource-limit",
        Weight.STRONG,
        "' resource (current value:",
        r"has exceeded the '(?!max_(?:user_)?connections)\w+' resource",
        source="mysql/mysql-server share/messages_to_clients.txt ER_USER_LIMIT_REACHED (1226)",
        example="ERROR 1226 (42000): User 'app' has exceeded the 'max_questions' resource (current value: 3600)",
    ),
    Sign(
        "hosted-database-quota",
        Weight.DECISIVE,
        (
            "exceeded the data transfer quota",
            "exceeded the compute time quota",
            "exceeded your plan limits",
            "you are over your space quota",
            "has reached its size quota",
            "project size limit",
        ),
        source="neon.tech docs; MongoDB Atlas (code 8000); Azure SQL error 40544",
        example="MongoServerError: you are over your space quota, using 512 MB of 512 MB",
    ),
    Sign(
        "quota-words",
        Weight.MODERATE,
        ("quota exceeded", "exceeded quota", "exceeds quota", "over quota", "out of quota", "quota has been exceeded"),
        unless=RETRIED,
        source="common to many services",
        example="Error: storage quota exceeded",
    ),
)

SIGNS = SIGNS_GOOGLE + SIGNS_OTHERS
