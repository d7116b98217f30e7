"""`configuration.md`: every section and key with type, default and variable, read from the sections themselves."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec
from docs.generator.markdown import code, explain, join, table
from msgspec import inspect as types

from opsctl.config import CLOUDRUN_ENDPOINTS, SECTIONS, ConfigSection, FieldMapping, ImagesSection
from opsctl.config.decoding import required_keys
from opsctl.config.profile import variable_name
from opsctl.config.references import REFERENCE_KINDS
from opsctl.config.starter import STARTER

WORDS = {
    "mongo.uri": "Connection string, with user and password. Refer to it: it is a secret.",
    "mongo.database": "Database of the collection. Run records are kept in the same one.",
    "mongo.collection": "Collection of the vehicle documents.",
    "mongo.forward": "`namespace/name:port`, the name of a pod or a Service: reach Mongo through a Kubernetes "
    "port-forward. `namespace/pod/name:port` and `namespace/service/name:port` say which. The hosts in `mongo.uri` do "
    "not matter then.",
    "s3.bucket": "Bucket that the images go to.",
    "s3.prefix": "First part of every key.",
    "s3.region": "Region of the bucket. Set it: the addresses in the documents name it.",
    "s3.endpoint_url": "Another S3 than Amazon's. Buckets are then addressed path-style.",
    "s3.access_key_id": "With `secret_access_key`: the key to use. Without both, AWS's own chain is asked.",
    "s3.secret_access_key": "A secret: refer to it.",
    "s3.session_token": "Of temporary credentials. A secret: refer to it.",
    "kubernetes.namespace": "Namespace of the migration Job.",
    "kubernetes.job": "Name of the migration Job.",
    "kubernetes.context": "Context of the kubeconfig. Its current one, unless set.",
    "kubernetes.kubeconfig": "Path; a relative one starts at the configuration file. Else as kubectl finds it.",
    "images.workers": "Images in flight at once. `--workers` overrides it.",
    "images.per_host_concurrency": "Of them from one host.",
    "images.per_host_rate": "Requests a second to one host.",
    "images.timeout_seconds": "Time for one download, redirects included.",
    "images.max_bytes": "Largest image that is accepted.",
    "images.outage_seconds": "How long a run waits for Mongo or S3 to come back before it ends with 5.",
    "images.allow_private_hosts": "Addresses, networks (CIDR) or host names that may be asked although they are not "
    "public.",
    "images.user_agent": "`{version}` is replaced. Name a contact: it is what a host's operator sees.",
    "images.base_url": "What relative and `//host/path` addresses are resolved against.",
    "images.key_hash": "What the file name of an object is made of: the source URL or the content.",
    "images.key_template": "Key of an object. `[...]` is left out when its placeholder has no value. Must hold "
    "`{doc_id}` and end with `{hash}.{ext}`.",
    "images.placeholder_sha256": 'SHA-256 of pictures that stand for "no image"; they fail as `placeholder`.',
    "images.fields": "Which field holds images of which type, and where the results go: see below.",
    "images.vehicle_name_fields": "Fields to take the vehicle's name from, the first that has one.",
    "images.color_name_fields": "The same for the name of a colour, inside a colour object.",
    "images.color_url_fields": "The same for the address of an image, inside an object.",
    "cloudrun.project": "Google Cloud project. Without it that of gcloud's active configuration.",
    "cloudrun.region": "Region of the Cloud Run Job. Without it that of gcloud's active configuration, else it is "
    "searched for.",
    "cloudrun.repository": "Path of a git checkout of the program: the commits between two images are read from it.",
    "cloudrun.access_token": "An access token in place of the credentials of this machine.",
    "cloudrun.registry_endpoint": "Another address for every image registry of Google (`*-docker.pkg.dev`, `gcr.io`).",
    "cloudrun.image_budget_bytes": "How much of an image's layers a diagnosis downloads at most.",
    **{
        f"cloudrun.{name}": "Another address for this Google API."
        for name in CLOUDRUN_ENDPOINTS
        if name != "registry_endpoint"
    },
}

FIELD_WORDS = {
    "source": "Top-level field with one address, a list of them, or objects with an address. Never written.",
    "target": "Field that gets the same shape with S3 addresses.",
    "type": "Image type: a folder of the key, and a value of `--type`.",
}

VARIABLES = (
    ("OPSCTL_CONFIG", "Configuration file, when `--config` is not given."),
    ("OPSCTL_PROFILE", "Profile, when `--profile` is not given."),
    ("OPSCTL_LANG", "`en` or `ko`, when `--lang` is not given."),
    ("OPSCTL_NO_COLOR, NO_COLOR", "No colour, whatever the terminal."),
    ("FORCE_COLOR, CLICOLOR_FORCE", "Colour, also off a terminal; `NO_COLOR` wins."),
    ("CI", "No moving progress bar."),
    ("KUBERNETES_SERVICE_HOST, CLOUD_RUN_JOB", "Set by the platform: logs and errors on stderr become JSON lines."),
    ("AWS_PROFILE, AWS_ACCESS_KEY_ID, ...", "AWS's own chain, when the profile has no keys for S3."),
)


def configuration_page() -> str:
    """The whole page."""
    names = [f"{kind.SECTION}.{key}" for kind in SECTIONS for key in kind.__struct_fields__]
    words = dict(explain(names, WORDS))
    return join(
        "# Configuration",
        "A value comes from the first place that has it: the flag of a command, the variable of the environment, the "
        "file, the default. `opsctl config show` says where each one came from.",
        "The file is `--config`, else `OPSCTL_CONFIG`, else the nearest `opsctl.toml` from the working folder upwards, "
        "else `opsctl/opsctl.toml` in the user's configuration folder (`$XDG_CONFIG_HOME`, else `~/.config`). Unknown "
        "keys are errors. A section is checked when a command needs it.",
        "The profile is `--profile`, else `OPSCTL_PROFILE`, else `default_profile` of the file, else the only "
        "one. Profile `lab` leads to the lab on this machine while it is up.",
        f"A value may be a reference, a table with one key: {', '.join(map(code, REFERENCE_KINDS))}. `env` is a "
        "variable, `file` a path (a relative one starts at the configuration file), `kube_secret` a key of a "
        "Kubernetes Secret, `namespace/name/key`, read when a command needs it, through the context of section "
        "`kubernetes`.",
        "In a variable, a list is written `a, b` or as JSON. An empty variable counts as unset.",
        *(_section(kind, words) for kind in SECTIONS),
        "## Items of `images.fields`",
        table(("key", "type", "meaning"), _field_rows()),
        _default_fields(),
        "## Variables of the environment",
        "Every key above has its own. Beside those:",
        table(
            ("variable", "meaning"),
            [(", ".join(code(n) if n != "..." else n for n in v.split(", ")), m) for v, m in VARIABLES],
        ),
        "## The starter file",
        "What `opsctl config init` writes:",
        f"```toml\n{STARTER}```",
    )


def _section(kind: type[ConfigSection], words: dict[str, str]) -> str:
    return join(
        f"## Section `{kind.SECTION}`",
        inspect.getdoc(kind) or "",
        table(
            ("key", "type", "default", "variable", "meaning"),
            [_key_row(kind, key, words) for key in kind.__struct_fields__],
        ),
    )


def _key_row(kind: type[ConfigSection], key: str, words: dict[str, str]) -> tuple[str, str, str, str, str]:
    field = next(item for item in msgspec.structs.fields(kind) if item.name == key)
    return (
        code(key),
        name_type(types.type_info(field.type)),
        "required" if key in required_keys(kind) else _show_default(field.default),
        code(variable_name(kind.SECTION, key)),
        words[f"{kind.SECTION}.{key}"],
    )


def name_type(kind: Any) -> str:
    """A type with its range, in words."""
    match kind:
        case types.UnionType():
            words = " or ".join(name_type(part) for part in kind.types if not isinstance(part, types.NoneType))
        case types.IntType():
            words = "whole number" + _range(kind)
        case types.FloatType():
            words = "number" + _range(kind)
        case types.StrType():
            words = f"text matching {code(kind.pattern)}" if kind.pattern else "text"
        case types.LiteralType():
            words = " or ".join(code(value) for value in kind.values)
        case types.VarTupleType():
            words = f"list of {name_type(kind.item_type)}"
        case types.StructType():
            words = "table"
        case _:
            raise TypeError(f"no words for {kind!r}")
    return words


def _range(kind: Any) -> str:
    if kind.gt is not None:
        return f" above {kind.gt:g}"
    if kind.ge is None:
        return ""
    return f", {kind.ge} to {kind.le}" if kind.le is not None else f", at least {kind.ge}"


def _show_default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple) and value and isinstance(value[0], FieldMapping):
        return "see below"
    return code(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def _field_rows() -> list[tuple[str, str, str]]:
    kinds = {item.name: name_type(types.type_info(item.type)) for item in msgspec.structs.fields(FieldMapping)}
    return [(code(name), kinds[name], text) for name, text in explain(kinds, FIELD_WORDS)]


def _default_fields() -> str:
    default = next(item.default for item in msgspec.structs.fields(ImagesSection) if item.name == "fields")
    rows = [(code(mapping.source), code(mapping.target), code(mapping.type)) for mapping in default]
    return join("The default:", table(("source", "target", "type"), rows))
