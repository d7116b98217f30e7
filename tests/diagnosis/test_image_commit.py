"""Which commit an image was built from, as real tools write it down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.image_commit import Certainty, ImageCommit, find_commit
from opsctl.image.models import ImageDescription

ONE = "4ca11e480f2b6d1c9e8a7b6c5d4e3f2a1b0c9d8e"
TWO = "58fe4ef46aa0b1c2d3e4f5061728394a5b6c7d8e"
THREE = "f6d12b51f00112233445566778899aabbccddeef"


def image(
    *,
    labels: dict[str, Any] | None = None,
    env: list[str] | None = None,
    annotations: dict[str, str] | None = None,
    provenance: dict[str, Any] | None = None,
    tag: str = "",
) -> ImageDescription:
    repository = "europe-docker.pkg.dev/p/r/app"
    digest = "sha256:" + "ab" * 32
    return ImageDescription(
        reference=f"{repository}{tag and ':' + tag}@{digest}",
        repository=repository,
        digest=digest,
        index_digest=None,
        platform="linux/amd64",
        platforms=(),
        config={"config": {"Labels": labels, "Env": env or []}},
        layers=(),
        annotations=annotations or {},
        provenance={"predicate": provenance} if provenance is not None else None,
    )


def execution(
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
    reference: str = "",
) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    container = {"image": reference, "env": [*variables, {"name": "S", "valueSource": {"secretKeyRef": {}}}]}
    return {"labels": labels or {}, "annotations": annotations or {}, "template": {"containers": [container]}}


def must_find(
    described: ImageDescription | None, tags: tuple[str, ...] = (), resource: dict[str, Any] | None = None
) -> ImageCommit:
    found = find_commit(described, tags, resource or {})
    assert found is not None
    return found


GIT = "https://github.com/o4o/platform.git#refs/heads/main"
OTHER = {"uri": "https://github.com/vendor/tool.git", "digest": {"sha1": TWO}}
LABEL = {"org.opencontainers.image.revision": TWO}


class TestProvenance:
    @pytest.mark.parametrize(
        "predicate",
        [
            {  # BuildKit, v0.2, a git context
                "buildType": "https://mobyproject.org/buildkit@v1",
                "materials": [OTHER, {"uri": GIT, "digest": {"sha1": ONE}}],
                "invocation": {"configSource": {"uri": GIT, "digest": {"sha1": ONE}, "entryPoint": "Dockerfile"}},
            },
            {  # BuildKit, v0.2, a local context
                "buildType": "https://mobyproject.org/buildkit@v1",
                "materials": [OTHER],
                "invocation": {"configSource": {"entryPoint": "Dockerfile"}},
                "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"revision": ONE}}},
            },
            {  # BuildKit, v1, a local context
                "buildDefinition": {
                    "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
                    "externalParameters": {"configSource": {"path": "Dockerfile"}, "request": {"args": {}}},
                    "resolvedDependencies": [OTHER],
                },
                "runDetails": {"metadata": {"buildkit_metadata": {"vcs": {"revision": ONE}}}},
            },
            {  # the same, told by the arguments
                "buildDefinition": {
                    "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
                    "externalParameters": {"request": {"args": {"vcs:revision": ONE}}},
                }
            },
            {  # GitHub's attestation
                "buildDefinition": {
                    "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                    "externalParameters": {"workflow": {"ref": "refs/heads/main"}},
                    "resolvedDependencies": [
                        {"uri": "git+https://github.com/o4o/platform@refs/heads/main", "digest": {"gitCommit": ONE}}
                    ],
                }
            },
            {  # Cloud Build, v0.1 and v0.2: the source by its sha1, images by sha256
                "materials": [
                    {"uri": "pkg:docker/node@20", "digest": {"sha256": "ab" * 32}},
                    {"uri": "https://github.com/o4o/platform", "digest": {"sha1": ONE}},
                ]
            },
        ],
    )
    def test_of_builders(self, predicate: dict[str, Any]) -> None:
        assert must_find(image(provenance=predicate)) == ImageCommit(
            ONE, "the provenance of the image", Certainty.RECORDED
        )

    def test_a_checkout_with_changes(self) -> None:
        vcs = {"runDetails": {"metadata": {"buildkit_metadata": {"vcs": {"revision": f"{ONE}-dirty"}}}}}
        build_type = {"buildDefinition": {"buildType": "https://github.com/moby/buildkit/x"}}
        found = must_find(image(provenance={**vcs, **build_type}))
        assert (found.revision, found.is_modified) == (ONE, True)
        assert found.remark == "the image was built from 4ca11e480 with changes that were not committed"

    def test_a_checksum_of_a_download_is_no_commit(self) -> None:
        archive = {"uri": "https://example.com/tool.tar.gz", "digest": {"sha1": ONE}}
        assert find_commit(image(provenance={"materials": [archive]}), (), {}) is None


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["org.opencontainers.image.revision", "org.label-schema.vcs-ref", "vcs-ref", "commit-sha", "git-commit",
         "git.commit.id", "GIT_SHA", "io.openshift.build.commit.id", "com.example/git-hash", "revision", "commit"],
    )  # fmt: skip
    def test_of_labels(self, name: str) -> None:
        found = must_find(image(labels={name: ONE, "maintainer": "x"}))
        assert found == ImageCommit(ONE, f"label {name} of the image", Certainty.DECLARED)

    @pytest.mark.parametrize(
        "name",
        ["GIT_SHA", "COMMIT_SHA", "SOURCE_VERSION", "GITHUB_SHA", "CI_COMMIT_SHORT_SHA", "VERCEL_GIT_COMMIT_SHA",
         "REVISION", "GIT_COMMIT", "DD_GIT_COMMIT_SHA", "SOURCE_COMMIT", "VCS_REF"],
    )  # fmt: skip
    def test_of_variables(self, name: str) -> None:
        assert must_find(None, (), execution(env={name: ONE[:9]})).source == f"variable {name} of the job"
        assert must_find(image(env=[f"{name}={ONE[:9]}"])).source == f"variable {name} of the image"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("gcb-build-id", "e775f996-eae3-460e-837e-8dec0434bb3d"),
            ("gcb-trigger-id", ONE),
            ("managed-by", "github-actions"),
            ("github-actions-workflow-url", f"https://github.com/o/r/actions/runs/1/{ONE}"),
            ("org.opencontainers.image.base.digest", ONE),
            ("org.opencontainers.image.base.revision", ONE),
            ("parent-commit", ONE),
            ("previous_git_sha", ONE),
            ("org.opencontainers.image.revision", "main"),
            ("org.opencontainers.image.revision", "v1.2.3"),
            ("org.opencontainers.image.revision", ""),
            ("commit-sha", "4ca11e"),
            ("commit-sha", "sha256:" + "ab" * 32),
            ("commit-message", ONE),
            ("API_KEY", ONE),
            ("K_REVISION", ONE),
        ],
    )
    def test_what_names_no_commit(self, name: str, value: str) -> None:
        assert (
            find_commit(image(labels={name: value}, env=[f"{name}={value}"]), (), execution(labels={name: value}))
            is None
        )

    @pytest.mark.parametrize(
        ("value", "revision", "is_modified"),
        [
            (ONE.upper(), ONE, False),
            (f" {ONE}\n", ONE, False),
            (f"{ONE}-dirty", ONE, True),
            ("git-4ca11e4", "4ca11e4", False),
            ("v1.2.3-14-g4ca11e480", "4ca11e480", False),
            ("ab" * 32, "ab" * 32, False),
        ],
    )
    def test_spellings(self, value: str, revision: str, is_modified: bool) -> None:
        found = must_find(image(labels={"org.opencontainers.image.revision": value}))
        assert (found.revision, found.is_modified) == (revision, is_modified)

    def test_an_annotation_of_the_manifest_is_never_the_base_images(self) -> None:
        name = "org.opencontainers.image.revision"
        found = must_find(image(annotations={name: ONE}, labels={name: TWO}))
        assert (found.revision, found.source) == (ONE, f"annotation {name} of the image")

    def test_of_the_job_as_deploy_actions_set_them(self) -> None:
        labels = {"managed-by": "github-actions", "commit-sha": ONE}
        assert must_find(None, (), execution(labels=labels)).source == "label commit-sha of the job"
        job = {"template": {"template": {"containers": [{"env": [{"name": "GIT_SHA", "value": ONE}]}]}}}
        assert must_find(None, (), job).revision == ONE
        assert must_find(None, (), execution(annotations={"example.com/git-commit": ONE})).revision == ONE

    @pytest.mark.parametrize("metadata", ["", "no json", "[]", "{}", '{"source": []}', "[" * 10_000])
    def test_buildpacks(self, metadata: str) -> None:
        assert find_commit(image(labels={"io.buildpacks.project.metadata": metadata}), (), {}) is None
        told = json.dumps({"source": {"type": "git", "version": {"commit": ONE, "describe": "v1"}}})
        found = must_find(image(labels={"io.buildpacks.project.metadata": told}))
        assert found == ImageCommit(ONE, "the source that buildpacks wrote down", Certainty.DECLARED)


class TestTags:
    @pytest.mark.parametrize(
        ("tag", "revision"),
        [
            (ONE, ONE),
            ("main-4ca11e480", "4ca11e480"),
            ("sha-4ca11e4", "4ca11e4"),
            ("v1.2.3-14-g4ca11e480", "4ca11e480"),
            ("pr-12-4ca11e4", "4ca11e4"),
            ("20260112.4ca11e4_prod", "4ca11e4"),
        ],
    )
    def test_with_a_commit_in_them(self, tag: str, revision: str) -> None:
        found = must_find(None, ("latest", tag))
        assert found == ImageCommit(revision, f"tag {tag} of the image", Certainty.GUESSED)
        assert found.remark == f"the commit {revision[:9]} is a guess from tag {tag} of the image"
        assert must_find(image(tag=tag)).revision == revision
        reference = f"localhost:5000/p/app:{tag}@sha256:{'ab' * 32}"
        assert must_find(None, (), execution(reference=reference)).revision == revision

    @pytest.mark.parametrize(
        "tag",
        ["latest", "main", "v1.2.3", "20260112", "1736647812", "build-1736647812", "2026-01-12T020000", "ab" * 32,
         "e775f996-eae3-460e-837e-8dec0434bb3d", "defaced", "feature-facade-deadbeef", "4ca11e", "x4ca11e480y",
         "sha256", "ab" * 16],
    )  # fmt: skip
    def test_without_one(self, tag: str) -> None:
        assert find_commit(image(tag=tag), (tag,), {}) is None

    def test_the_longest_of_several(self) -> None:
        found = must_find(None, ("main-58fe4ef", ONE))
        assert (found.revision, found.disagreements) == (ONE, ("tag main-58fe4ef of the image says 58fe4ef",))


class TestDisagreement:
    def test_sources_that_agree_name_the_whole_id(self) -> None:
        found = must_find(image(labels={"vcs-ref": ONE[:9]}), ("main-4ca11e4",), execution(labels={"commit-sha": ONE}))
        assert found == ImageCommit(ONE, "label vcs-ref of the image", Certainty.DECLARED)
        assert found.remark is None

    def test_provenance_is_believed_before_all_others(self) -> None:
        predicate = {"invocation": {"configSource": {"uri": "git+https://x", "digest": {"sha1": ONE}}}}
        found = must_find(
            image(provenance=predicate, labels=LABEL, tag="main-58fe4ef"), (), execution(env={"GIT_SHA": TWO})
        )
        assert (found.revision, found.certainty) == (ONE, Certainty.RECORDED)
        assert found.disagreements == (
            "label org.opencontainers.image.revision of the image says 58fe4ef46",
            "variable GIT_SHA of the job says 58fe4ef46",
            "tag main-58fe4ef of the image says 58fe4ef",
        )

    def test_a_label_of_the_base_image_against_job_and_tag(self) -> None:
        found = must_find(image(labels=LABEL), ("main-4ca11e4",), execution(labels={"commit-sha": ONE}))
        assert (found.revision, found.source) == (ONE, "label commit-sha of the job")
        assert found.remark == (
            "label commit-sha of the job says 4ca11e480, "
            "but label org.opencontainers.image.revision of the image says 58fe4ef46"
        )

    def test_an_older_image_that_was_deployed_again(self) -> None:
        found = must_find(image(labels=LABEL), (), execution(labels={"commit-sha": ONE}, env={"GIT_SHA": ONE}))
        assert found.revision == TWO

    def test_three_different_ones_are_all_told(self) -> None:
        found = must_find(image(labels=LABEL), (THREE,), execution(labels={"commit-sha": ONE}))
        assert (found.revision, len(found.disagreements)) == (TWO, 2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.just(ONE),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["labels", "annotations", "template", "containers", "env", "name", "value", "image", "config", "Labels",
             "predicate", "buildDefinition", "externalParameters", "configSource", "digest", "sha1", "gitCommit", "uri",
             "materials", "invocation", "metadata", "runDetails", "buildkit_metadata", "vcs", "revision", "commit-sha",
             "Env"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=30,
)  # fmt: skip


@given(config=_JSON, provenance=_JSON, resource=_JSON, tags=st.lists(st.text(max_size=60), max_size=3))
def test_whatever_the_shape_the_answer_is_a_commit_id_or_none(
    config: Any, provenance: Any, resource: Any, tags: list[str]
) -> None:
    described = ImageDescription(
        "r", "r", "d", None, "linux/amd64", (), {"config": config}, (), {}, {"predicate": provenance}
    )
    found = find_commit(described, tags, resource if isinstance(resource, dict) else {})
    assert found is None or set(found.revision) <= set("0123456789abcdef")
    assert found is None or 7 <= len(found.revision) <= 64
