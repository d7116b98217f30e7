"""Finding and reading kubeconfig files."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsctl.adapters.kube.kubeconfig import Access, find_access
from opsctl.errors import ConfigError


def config(name: str = "prod", **overrides: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": f"{name}-u", "namespace": "team"}}],
        "clusters": [{"name": f"{name}-c", "cluster": {"server": f"https://{name}.example:6443/"}}],
        "users": [{"name": f"{name}-u", "user": {"token": f"{name}-token"}}],
        **overrides,
    }


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def find(tmp_path: Path, environ: dict[str, str] | None = None, **asked: Any) -> Access:
    return find_access({"HOME": str(tmp_path), **(environ or {})}, service_account=tmp_path / "sa", **asked)


def test_kubectls_own_file(tmp_path: Path) -> None:
    path = write(tmp_path / ".kube" / "config", config())
    access = find(tmp_path)
    assert (access.context, access.server, access.namespace) == ("prod", "https://prod.example:6443", "team")
    assert (access.host, access.user.text("token")) == ("prod.example:6443", "prod-token")
    assert access.origin == f"context prod of {path}"
    assert "prod-token" not in repr(access)


def test_several_files_are_one_and_the_first_wins(tmp_path: Path) -> None:
    write(tmp_path / "a", {"users": [{"name": "prod-u", "user": {"token": "first"}}]})
    write(tmp_path / "b", config())
    environ = {"KUBECONFIG": f"{tmp_path}/a:{tmp_path}/missing::{tmp_path}/b"}
    assert find(tmp_path, environ).user.text("token") == "first"


def test_the_named_file_and_context_beat_the_environment(tmp_path: Path) -> None:
    write(tmp_path / "a", config("dev"))
    two = config("prod", **{"current-context": ""})
    path = write(tmp_path / "b", two)
    access = find(tmp_path, {"KUBECONFIG": f"{tmp_path}/a"}, kubeconfig=path, context="prod")
    assert access.context == "prod"


def test_inside_a_pod(tmp_path: Path) -> None:
    write(tmp_path / "sa" / "token", "pod-token")
    write(tmp_path / "sa" / "namespace", "jobs\n")
    access = find(tmp_path, {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"})
    assert (access.server, access.namespace) == ("https://[fd00::1]:6443", "jobs")
    assert access.user.text("tokenFile") == str(tmp_path / "sa" / "token")
    # There is no context that kubectl could be told.
    assert (access.kubectl, access.is_inside_pod) == ("kubectl", True)
    # A file that is there comes first, as with kubectl.
    write(tmp_path / ".kube" / "config", config())
    assert find(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).context == "prod"


def test_a_command_to_try_asks_the_same_server(tmp_path: Path) -> None:
    file = write(tmp_path / "of the house", config())
    assert find(tmp_path, kubeconfig=file).kubectl == f"kubectl --kubeconfig '{file}' --context prod"
    write(tmp_path / ".kube" / "config", config())
    assert find(tmp_path).kubectl == "kubectl --context prod"


def test_nothing_anywhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no kubeconfig: looked for .*\.kube/config") as raised:
        find(tmp_path)
    assert raised.value.hint is not None
    with pytest.raises(ConfigError, match="there is no file") as raised:
        find(tmp_path, kubeconfig=tmp_path / "none")
    assert "kubernetes.kubeconfig" in (raised.value.hint or "")
    with pytest.raises(ConfigError, match="is empty"):
        find(tmp_path, kubeconfig=write(tmp_path / "empty", ""))


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", config())
    with pytest.raises(ConfigError, match=r"no context 'prd'.*kubernetes\.context") as raised:
        find(tmp_path, context="prd")
    assert raised.value.hint == "Did you mean prod? There: prod"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: 1\nb: [", "is not YAML, line"),
        ("- a", "is not a table"),
        ({**config(), "contexts": {}}, "No context|no context"),
        ({**config(), "contexts": "x"}, "contexts must be a list"),
        ({**config(), "contexts": [{"context": {}}]}, "has no name"),
        ({**config(), "current-context": None}, "No context is chosen"),
        ({**config(), "users": []}, "no user 'prod-u'"),
        ({**config(), "clusters": [{"name": "prod-c", "cluster": {"server": "prod:6443"}}]}, "not an http or https"),
        ({**config(), "clusters": [{"name": "prod-c", "cluster": {"server": 7}}]}, "server of 'prod-c' must be text"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: Any, words: str) -> None:
    write(tmp_path / ".kube" / "config", content)
    with pytest.raises(ConfigError, match=words):
        find(tmp_path)


def test_data_beats_a_file_and_paths_begin_at_the_kubeconfig(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "ca.pem", "from the file")
    cluster = {"server": "https://x", "certificate-authority": "ca.pem"}
    write(tmp_path / ".kube" / "config", config(clusters=[{"name": "prod-c", "cluster": cluster}]))
    assert find(tmp_path).cluster.bytes_of("certificate-authority") == b"from the file"
    cluster["certificate-authority-data"] = base64.b64encode(b"inline").decode()
    write(tmp_path / ".kube" / "config", config(clusters=[{"name": "prod-c", "cluster": cluster}]))
    assert find(tmp_path).cluster.bytes_of("certificate-authority") == b"inline"
    cluster["certificate-authority-data"] = "%%%"
    write(tmp_path / ".kube" / "config", config(clusters=[{"name": "prod-c", "cluster": cluster}]))
    with pytest.raises(ConfigError, match="is not base64"):
        find(tmp_path).cluster.bytes_of("certificate-authority")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "contexts", "clusters", "users", "context", "cluster", "user", "server", "current-context"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(content=_VALUES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_stands_in_the_file_is_told_as_a_wrong_configuration(tmp_path: Path, content: Any) -> None:
    path = write(tmp_path / "any", content)
    with suppress(ConfigError):
        find(tmp_path, kubeconfig=path)
