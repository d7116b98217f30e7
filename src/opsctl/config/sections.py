"""The sections of a profile: their keys, types, ranges and defaults."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

Text = Annotated[str, Meta(min_length=1)]
PositiveNumber = Annotated[float, Meta(gt=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

KEY_TEMPLATE = "{prefix}/{collection}/{doc_id}/{vehicle_name}/{image_type}/[{color_name}/]{hash}.{ext}"
KEY_PLACEHOLDERS = frozenset(
    {"prefix", "collection", "doc_id", "vehicle_name", "image_type", "color_name", "hash", "ext"}
)
OWN_FIELDS = frozenset({"_id", "s3_images_metadata", "s3_migration"})
MASK = "***"
_FORWARD = re.compile(r"[^/\s]+/((po|pods?|svc|services?)/)?[^/:\s]+:\d{1,5}")


class ConfigSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections. `check` raises `ValueError("key: what is wrong")` for what types alone cannot say."""

    SECTION: ClassVar[str]
    SECRETS: ClassVar[frozenset[str]] = frozenset()

    def check(self) -> None:
        """Checks values against each other; types and ranges are checked before."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Fields and values with the secret ones masked: a section that ends up in a log or a traceback tells
        nothing."""
        return [
            (key, MASK if key in self.SECRETS and getattr(self, key) is not None else getattr(self, key))
            for key in self.__struct_fields__
        ]


class MongoSection(ConfigSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the vehicle documents are."""

    SECTION = "mongo"
    SECRETS = frozenset({"uri"})

    uri: Text
    database: Text
    collection: Text
    forward: Text | None = None
    """`namespace/name:port`, of a pod or a Service: reach it through a Kubernetes port-forward.
    `namespace/pod/name:port` and `namespace/service/name:port` say which."""

    def check(self) -> None:
        if not self.uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("uri: must start with mongodb:// or mongodb+srv://")
        if self.forward is not None and not _FORWARD.fullmatch(self.forward):
            raise ValueError(
                "forward: must look like namespace/name:port, namespace/pod/name:port or namespace/service/name:port"
            )
        if "$" in self.collection or "\0" in self.collection:
            raise ValueError("collection: must not contain $ or a null character")


class S3Section(ConfigSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the images go. Keys that are not set are left to AWS's own chain (environment, profile, role)."""

    SECTION = "s3"
    SECRETS = frozenset({"secret_access_key", "session_token"})

    bucket: Text
    prefix: str = "images"
    region: Text | None = None
    endpoint_url: Text | None = None
    access_key_id: Text | None = None
    secret_access_key: Text | None = None
    session_token: Text | None = None

    def check(self) -> None:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "access_key_id" if self.access_key_id is None else "secret_access_key"
            raise ValueError(f"{missing}: access_key_id and secret_access_key belong together; this one is missing")
        if self.endpoint_url is not None:
            check_http_url("endpoint_url", self.endpoint_url)
        if self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise ValueError("prefix: must not start or end with a slash")


class KubernetesSection(ConfigSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the migration Job runs. Without `context` and `kubeconfig` kubectl's own rules hold, inside a pod the
    service account."""

    SECTION = "kubernetes"

    namespace: Text
    job: Text
    context: Text | None = None
    kubeconfig: Text | None = None


class FieldMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source field with image URLs, and the field beside it that gets the S3 URLs."""

    source: Text
    target: Text
    type: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,30}$")]


VEHICLE_FIELDS = (
    FieldMapping(source="main_image", target="s3_main_image", type="basic"),
    FieldMapping(source="image_url", target="s3_image_url", type="basic"),
    FieldMapping(source="exterior_images", target="s3_exterior_images", type="exterior"),
    FieldMapping(source="interior_images", target="s3_interior_images", type="interior"),
    FieldMapping(source="color_images", target="s3_color_images", type="color"),
)


class ImagesSection(ConfigSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are fetched, named and recorded. Everything has a default: the vehicle mapping and a polite pace."""

    SECTION = "images"

    workers: Annotated[int, Meta(ge=1, le=1024)] = 32
    per_host_concurrency: Annotated[int, Meta(ge=1, le=1024)] = 4
    per_host_rate: PositiveNumber = 10.0
    timeout_seconds: PositiveNumber = 60.0
    max_bytes: Annotated[int, Meta(ge=1, le=1 << 30)] = 32 << 20
    outage_seconds: Annotated[int, Meta(ge=0)] = 120
    allow_private_hosts: tuple[Text, ...] = ()
    user_agent: Text = "opsctl/{version} (+contact)"
    base_url: Text | None = None
    key_hash: Literal["url", "content"] = "url"
    key_template: Text = KEY_TEMPLATE
    placeholder_sha256: tuple[Sha256, ...] = ()
    fields: tuple[FieldMapping, ...] = field(default=VEHICLE_FIELDS)
    vehicle_name_fields: tuple[Text, ...] = ("vehicle_name", "name")
    color_name_fields: tuple[Text, ...] = ("color_name", "name", "color")
    color_url_fields: tuple[Text, ...] = ("image_url", "url", "image")

    def check(self) -> None:
        if self.base_url is not None:
            check_http_url("base_url", self.base_url)
        if "\r" in self.user_agent or "\n" in self.user_agent:
            raise ValueError("user_agent: must be one line")
        check_key_template(self.key_template)
        check_fields(self.fields)
        for name in ("vehicle_name_fields", "color_name_fields", "color_url_fields"):
            if not getattr(self, name):
                raise ValueError(f"{name}: must name at least one field")


class CloudRunSection(ConfigSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the Cloud Run Job runs. Without `project` and `region` gcloud's active configuration holds. The endpoints
    are other addresses for the Google APIs (emulators, private service connect)."""

    SECTION = "cloudrun"
    SECRETS = frozenset({"access_token"})

    project: Text | None = None
    region: Text | None = None
    repository: Text | None = None
    """A git checkout of the program, for the commits between two images."""
    access_token: Text | None = None
    """In place of the credentials of this machine."""
    endpoint: Text | None = None
    logging_endpoint: Text | None = None
    iam_endpoint: Text | None = None
    resource_manager_endpoint: Text | None = None
    secret_manager_endpoint: Text | None = None
    sql_endpoint: Text | None = None
    service_usage_endpoint: Text | None = None
    policy_troubleshooter_endpoint: Text | None = None
    artifact_registry_endpoint: Text | None = None
    registry_endpoint: Text | None = None
    """In place of every image registry of Google (`*-docker.pkg.dev`, `gcr.io`)."""
    image_budget_bytes: Annotated[int, Meta(ge=0)] = 512 << 20
    """How much of an image's layers a diagnosis downloads at most."""

    def check(self) -> None:
        for key in self.__struct_fields__:
            value = getattr(self, key)
            if key.endswith("endpoint") and value is not None:
                check_http_url(key, value)


# The addresses of Google's services, in the order of the section.
CLOUDRUN_ENDPOINTS = tuple(key for key in CloudRunSection.__struct_fields__ if key.endswith("endpoint"))

SECTIONS: tuple[type[ConfigSection], ...] = (MongoSection, S3Section, KubernetesSection, ImagesSection, CloudRunSection)


def check_http_url(key: str, url: str) -> None:
    """Raises `ValueError` unless `url` is an absolute http or https URL with a host. The text does not repeat the
    URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{key}: is not a URL") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{key}: must be an absolute http:// or https:// URL")


def check_key_template(template: str) -> None:
    """Raises `ValueError` unless every placeholder is known and an object can be told from its key.

    `[...]` marks a part that is left out when its placeholder has no value. The key holds the document (verification
    walks both in the same order) and ends with hash and extension (what a killed run left behind is found by listing
    `{hash}.`).
    """
    plain = re.sub(r"\[[^\[\]]*\]", "", template)
    if re.search(r"[\[\]]", plain):
        raise ValueError("key_template: square brackets must come in pairs and not be nested")
    named = re.findall(r"\{([^{}]*)\}", template)
    unknown = sorted(set(named) - KEY_PLACEHOLDERS)
    if unknown:
        raise ValueError(
            f"key_template: unknown placeholder {{{unknown[0]}}}; known are {', '.join(sorted(KEY_PLACEHOLDERS))}"
        )
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", template)):
        raise ValueError("key_template: curly braces must come in pairs")
    if "{doc_id}" not in plain:
        raise ValueError(
            "key_template: needs {doc_id} outside of square brackets: an object must lead back to its document"
        )
    if not plain.endswith("{hash}.{ext}") or template.startswith("/"):
        raise ValueError("key_template: must end with {hash}.{ext} and not start with a slash")


def check_fields(fields: tuple[FieldMapping, ...]) -> None:
    """Raises `ValueError` when a result would overwrite an original, another result, or a field of the record."""
    if not fields:
        raise ValueError("fields: must map at least one field")
    sources = {mapping.source for mapping in fields}
    targets: set[str] = set()
    for mapping in fields:
        for name in (mapping.source, mapping.target):
            if name.startswith("$") or "." in name or "\0" in name:
                raise ValueError(
                    f"fields: {name!r} must be a top-level field name without $ at the start and without dots"
                )
        if mapping.target in sources:
            raise ValueError(f"fields: {mapping.target!r} is a source; original fields are never written")
        if mapping.target in targets:
            raise ValueError(f"fields: {mapping.target!r} is the target of two mappings")
        if mapping.target in OWN_FIELDS or mapping.source in OWN_FIELDS:
            raise ValueError(
                f"fields: {mapping.source!r} -> {mapping.target!r} uses a field that opsctl keeps for its own record"
            )
        targets.add(mapping.target)
    if len(sources) != len(fields):
        raise ValueError("fields: a source is mapped twice")
