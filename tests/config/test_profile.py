"""Profiles: which value holds, where it comes from, and what is said when one is wrong."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.config import (
    SECTIONS,
    CloudRunSection,
    ImagesSection,
    KubernetesSection,
    MongoSection,
    Profile,
    S3Section,
    load_profile,
)
from opsctl.config.decoding import field_types
from opsctl.config.profile import variable_name
from opsctl.config.starter import STARTER
from opsctl.config.values import Given, Origin
from opsctl.errors import ConfigError, NotFoundError, UsageError

MONGO = """
[profiles.prod.mongo]
uri = "mongodb://user:pass-in-file@h/"
database = "triple_db"
collection = "danawa_vehicle_data"
"""


def load(
    folder: Path,
    text: str | None = None,
    *,
    environ: dict[str, str] | None = None,
    profile: str | None = None,
    flags: dict[str, tuple[str, object]] | None = None,
) -> Profile:
    if text is not None:
        (folder / "opsctl.toml").write_text(text, encoding="utf-8")
    return load_profile(
        config_path=None,
        profile_name=profile,
        environ={"HOME": "/nonexistent", **(environ or {})},
        folder=folder,
        flags=flags,
    )


def origin_of(profile: Profile, section: str, key: str) -> str:
    return next(
        str(setting.origin) for setting in profile.settings() if (setting.section, setting.key) == (section, key)
    )


@pytest.mark.parametrize("in_file", [None, 5])
@pytest.mark.parametrize("in_environment", [None, 6])
@pytest.mark.parametrize("in_flag", [None, 7])
def test_flag_over_environment_over_file_over_default(
    tmp_path: Path, in_file: int | None, in_environment: int | None, in_flag: int | None
) -> None:
    profile = load(
        tmp_path,
        "[profiles.a.images]\n" + (f"workers = {in_file}\n" if in_file else ""),
        environ={"OPSCTL_IMAGES_WORKERS": str(in_environment)} if in_environment else {},
        flags={"images.workers": ("--workers", in_flag)},
    )
    expected = in_flag or in_environment or in_file or 32
    assert profile.section(ImagesSection).workers == expected
    origins = {7: "--workers", 6: "OPSCTL_IMAGES_WORKERS", 5: f"{tmp_path / 'opsctl.toml'}, line 2", 32: "default"}
    assert origin_of(profile, "images", "workers") == origins[expected]


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    environ = {
        "OPSCTL_MONGO_URI": "mongodb://h",
        "OPSCTL_MONGO_DATABASE": "d",
        "OPSCTL_MONGO_COLLECTION": "c",
        "OPSCTL_S3_BUCKET": "b",
    }
    profile = load(tmp_path, environ=environ)
    assert (profile.name, profile.file) == ("default", None)
    assert profile.section(MongoSection).database == "d"
    assert profile.section(S3Section).bucket == "b"
    assert profile.section(S3Section).access_key_id is None


def test_lists_in_the_environment(tmp_path: Path) -> None:
    environ = {
        "OPSCTL_IMAGES_ALLOW_PRIVATE_HOSTS": "127.0.0.1, img.internal",
        "OPSCTL_IMAGES_VEHICLE_NAME_FIELDS": '["이름", "name"]',
        "OPSCTL_IMAGES_FIELDS": '[{"source": "a", "target": "b", "type": "basic"}]',
        "OPSCTL_IMAGES_PER_HOST_RATE": "2.5",
    }
    section = load(tmp_path, environ=environ).section(ImagesSection)
    assert section.allow_private_hosts == ("127.0.0.1", "img.internal")
    assert section.vehicle_name_fields == ("이름", "name")
    assert section.fields[0].source == "a"
    assert section.per_host_rate == 2.5


def test_unknown_and_empty_variables_are_ignored(tmp_path: Path) -> None:
    environ = {
        "OPSCTL_SERVICE_HOST": "10.0.0.1",
        "OPSCTL_MONGO_PORT": "tcp://10.0.0.1:27017",
        "OPSCTL_S3_BUCKET": "",
        "OPSCTL_IMAGES_WORKERS": "",
    }
    profile = load(tmp_path, environ=environ)
    assert not profile.is_configured(MongoSection)
    assert not profile.is_configured(S3Section)
    assert profile.section(ImagesSection).workers == 32


def test_references_are_followed_when_the_section_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    text = MONGO.replace('"mongodb://user:pass-in-file@h/"', '{ env = "URI" }') + (
        '[profiles.prod.s3]\nbucket = "b"\naccess_key_id = "a"\nsecret_access_key = { file = "secret" }\n'
    )
    profile = load(tmp_path, text)
    assert profile.section(S3Section).secret_access_key == "from-file"
    with pytest.raises(
        ConfigError, match=r"mongo.uri refers to the environment variable URI, which is not set.*line 3"
    ):
        profile.section(MongoSection)
    assert load(tmp_path, environ={"URI": "mongodb://x"}).section(MongoSection).uri == "mongodb://x"


def test_a_reference_may_give_a_number(tmp_path: Path) -> None:
    profile = load(tmp_path, '[profiles.a.images]\nworkers = { env = "N" }', environ={"N": "12"})
    assert profile.section(ImagesSection).workers == 12


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("worker = 3", r"Unknown key images.worker \(.*line 2\)"),
        ("workers = '3'", r"images.workers: expected a whole number, got text \(.*line 2\)"),
        ("workers = 3.5", "expected a whole number"),
        ("workers = 0", r"expected a whole number >= 1"),
        ("workers = true", "expected a whole number"),
        ("per_host_concurrency = 0", ">= 1"),
        ("per_host_rate = 0", "> 0"),
        ("per_host_rate = nan", "images.per_host_rate"),
        ("per_host_rate = inf", "finite"),
        ("timeout_seconds = -1", "> 0"),
        ("max_bytes = 0", ">= 1"),
        ("outage_seconds = -1", ">= 0"),
        ("key_hash = 'md5'", "invalid enum value 'md5'"),
        ("user_agent = ''", "text that is not empty"),
        ("allow_private_hosts = 'localhost'", "expected a list, got text"),
        ("allow_private_hosts = ['a', 3]", "in item 2"),
        ("placeholder_sha256 = ['abc']", "in item 1"),
        ("fields = [{ source = 'a', target = 'b', type = 'basic', more = 1 }]", "unknown field `more` in item 1"),
        ("fields = [{ source = 'a', target = 'b' }]", "missing required field `type` in item 1"),
        ("key_template = '{hash}.{ext}'", r"images.key_template: needs \{doc_id\}.*line 2"),
        ("workers = { env = 'A', file = 'b' }", "expected a whole number, got a table"),
        ("vehicle_name_fields = []", "at least one field"),
    ],
)
def test_a_wrong_value_is_told_with_key_origin_and_expectation(tmp_path: Path, line: str, message: str) -> None:
    profile = load(tmp_path, f"[profiles.a.images]\n{line}")
    with pytest.raises(ConfigError, match=message) as raised:
        profile.section(ImagesSection)
    assert "line 2" in raised.value.message
    assert raised.value.exit_code == 2


def test_a_wrong_value_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"images.workers: expected a whole number, got text \(OPSCTL_IMAGES_WORKERS\)"
    ):
        load(tmp_path, environ={"OPSCTL_IMAGES_WORKERS": "many"}).section(ImagesSection)


def test_no_message_repeats_the_value(tmp_path: Path) -> None:
    profile = load(tmp_path, "[profiles.a.mongo]\nuri = ['canary']\ndatabase = 'd'\ncollection = 'c'")
    with pytest.raises(ConfigError) as raised:
        profile.section(MongoSection)
    assert "canary" not in raised.value.message
    other = load(tmp_path, "[profiles.a.mongo]\nuri = 'canary-without-scheme'\ndatabase = 'd'\ncollection = 'c'")
    with pytest.raises(ConfigError, match=r"mongo.uri: must start with mongodb://") as raised:
        other.section(MongoSection)
    assert "canary" not in raised.value.message


def test_near_misses_are_suggested(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, "[profiles.a.s3]\nbuckets = 'b'").section(S3Section)
    assert raised.value.hint == "Did you mean 'bucket'?"
    with pytest.raises(ConfigError, match=r"Unknown section 'mongodb' in profile 'a'.*line 1") as raised:
        load(tmp_path, "[profiles.a.mongodb]\nuri = 'b'")
    assert raised.value.hint == "Did you mean 'mongo'?"


def test_a_section_is_checked_only_when_asked_for(tmp_path: Path) -> None:
    profile = load(tmp_path, MONGO + "[profiles.prod.s3]\nnonsense = 1\n")
    assert profile.section(MongoSection).collection == "danawa_vehicle_data"
    with pytest.raises(ConfigError, match="nonsense"):
        profile.section(S3Section)


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_missing_key_names_the_three_ways_to_set_it(tmp_path: Path, kind: Any) -> None:
    if kind in (ImagesSection, CloudRunSection):
        kind().check()
        return
    first = next(iter(field_types(kind)))
    for profile in (load(tmp_path), load(tmp_path, "[profiles.prod]")):
        with pytest.raises(ConfigError, match=f"{kind.SECTION}.{first} is not set") as raised:
            profile.section(kind)
        hint = str(raised.value.hint)
        assert variable_name(kind.SECTION, first) in raised.value.message + hint
        assert f"[profiles.{profile.name}.{kind.SECTION}]" in hint
        assert '{ env = "NAME" }' in hint
    assert str(tmp_path / "opsctl.toml") in raised.value.message


class TestChoice:
    TWO = "[profiles.prod.s3]\nbucket = 'p'\n[profiles.staging.s3]\nbucket = 's'\n"

    def test_the_only_profile_is_chosen(self, tmp_path: Path) -> None:
        assert load(tmp_path, MONGO).name == "prod"

    def test_default_profile(self, tmp_path: Path) -> None:
        assert load(tmp_path, "default_profile = 'staging'\n" + self.TWO).section(S3Section).bucket == "s"

    def test_the_variable_beats_the_default_and_the_flag_beats_both(self, tmp_path: Path) -> None:
        text = "default_profile = 'staging'\n" + self.TWO
        assert load(tmp_path, text, environ={"OPSCTL_PROFILE": "prod"}).name == "prod"
        assert load(tmp_path, text, environ={"OPSCTL_PROFILE": "prod"}, profile="staging").name == "staging"

    def test_several_without_a_choice(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="2 profiles and none is chosen") as raised:
            load(tmp_path, self.TWO)
        assert "prod, staging" in str(raised.value.hint)

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError, match=r"no profile 'stagin'.*--profile") as raised:
            load(tmp_path, self.TWO, profile="stagin")
        assert raised.value.exit_code == 7
        assert raised.value.hint == "Did you mean 'staging'?"
        with pytest.raises(NotFoundError, match=r"no profile 'x'.*line 1"):
            load(tmp_path, "default_profile = 'x'\n" + self.TWO)

    def test_one_that_is_asked_for_without_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError, match="no configuration file was found"):
            load(tmp_path, profile="prod")
        assert load(tmp_path, profile="default").name == "default"

    def test_an_empty_file_is_the_default_profile(self, tmp_path: Path) -> None:
        assert load(tmp_path, "").name == "default"


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    text = (
        "[profiles.a.cloudrun]\n"
        "project = 'p'\n"
        "region = 'r'\n"
        "repository = '../checkout'\n"
        "[profiles.a.kubernetes]\n"
        "namespace = 'n'\n"
        "job = 'j'\n"
        "kubeconfig = '/k'\n"
    )
    profile = load(tmp_path, text)
    assert profile.section(CloudRunSection).repository == str(tmp_path / "../checkout")
    assert profile.section(KubernetesSection).kubeconfig == "/k"


def test_a_literal_password_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    profile = load(tmp_path, MONGO)
    (tmp_path / "opsctl.toml").chmod(0o644)
    [warning] = load(tmp_path).warnings()
    assert "mongo.uri" in warning
    assert f"chmod 600 {tmp_path / 'opsctl.toml'}" in warning
    assert "pass-in-file" not in warning
    (tmp_path / "opsctl.toml").chmod(0o600)
    assert load(tmp_path).warnings() == ()
    assert profile.name == "prod"


@pytest.mark.parametrize("uri", ['{ env = "URI" }', '"mongodb://h/"', '"mongodb://user@h/"'])
def test_without_a_literal_password_nothing_is_warned_about(tmp_path: Path, uri: str) -> None:
    load(tmp_path, MONGO.replace('"mongodb://user:pass-in-file@h/"', uri))
    (tmp_path / "opsctl.toml").chmod(0o644)
    assert load(tmp_path).warnings() == ()


def test_the_secrets_of_a_profile_are_known_raw_and_decoded(tmp_path: Path) -> None:
    environ = {
        "OPSCTL_MONGO_URI": "mongodb://user:p%40ss%2Fword@h1,h2/?authSource=admin",
        "OPSCTL_S3_SECRET_ACCESS_KEY": "key/with+signs",
        "OPSCTL_S3_SESSION_TOKEN": "token",
    }
    assert load(tmp_path, environ=environ).secrets() == {"p%40ss%2Fword", "p@ss/word", "key/with+signs", "token"}


def test_settings_tell_problems_instead_of_raising(tmp_path: Path) -> None:
    profile = load(
        tmp_path, "[profiles.a.images]\nworkers = 'x'\nunknown = 1\n[profiles.a.mongo]\nuri = { env = 'NONE' }\n"
    )
    problems = {
        f"{setting.section}.{setting.key}": setting.problem for setting in profile.settings() if setting.problem
    }
    assert set(problems) == {"images.workers", "images.unknown", "mongo.uri"}
    assert all("line" in str(problem) for problem in problems.values())


def test_a_flag_for_a_key_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load(tmp_path, flags={"images.nothing": ("--nothing", 1)})


def test_the_starter_file_is_a_valid_configuration(tmp_path: Path) -> None:
    profile = load(tmp_path, STARTER, environ={"MONGODB_URI": "mongodb://h/"})
    assert profile.name == "prod"
    for kind in SECTIONS:
        profile.section(kind)
    assert not any(setting.problem for setting in profile.settings())


def test_the_comments_of_the_starter_file_are_true(tmp_path: Path) -> None:
    """Every commented key exists, and stands there with its default where it has one."""
    uncommented = "\n".join(
        line[2:] if line.startswith("# ") and " = " in line and "NAME" not in line and "path" not in line[:30] else line
        for line in STARTER.splitlines()
    )
    environ = {"MONGODB_URI": "mongodb://h/", "IMAGES_ACCESS_KEY_ID": "a", "IMAGES_SECRET_ACCESS_KEY": "b"}
    profile = load(tmp_path, uncommented, environ=environ)
    for kind in SECTIONS:
        profile.section(kind)
    images = profile.section(ImagesSection)
    for key in (
        "workers",
        "per_host_concurrency",
        "per_host_rate",
        "timeout_seconds",
        "max_bytes",
        "allow_private_hosts",
    ):
        assert getattr(images, key) == getattr(ImagesSection(), key), key


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["env", "file", "kube_secret", "source", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from([(kind, key) for kind in SECTIONS for key in field_types(kind)])


@given(KEYS, VALUES)
def test_any_value_of_any_key_is_accepted_or_refused_with_its_key(key: tuple[Any, str], value: object) -> None:
    kind, name = key
    given_values = {kind.SECTION: {name: Given(value, Origin("file", "opsctl.toml", 7))}}
    profile = Profile("a", None, given_values, {})
    try:
        message = f"{kind.SECTION}."
        profile.section(kind)
    except ConfigError as error:
        message = error.message
    assert f"{kind.SECTION}." in message
    for setting in profile.settings():
        assert setting.problem is None or f"{kind.SECTION}.{name}" in setting.problem


@given(KEYS, st.text(min_size=1, max_size=40))
def test_any_text_in_any_variable_is_accepted_or_refused_with_its_name(key: tuple[Any, str], text: str) -> None:
    kind, name = key
    variable = variable_name(kind.SECTION, name)
    profile = load_profile(config_path=None, profile_name=None, environ={variable: text}, folder=Path("/nonexistent"))
    for setting in profile.settings():
        if (setting.section, setting.key) == (kind.SECTION, name):
            assert setting.origin.name == variable
            assert setting.problem is None or variable in setting.problem
