"""No secret of any answer, header, credential file or program leaves a live run: not in a report, on stderr, in a saved
file, in the cache, or in the debug log. `image cat`, whose purpose is to show a file, is the one exception."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.lab.google.faults import Action
from opsctl.reporting.language import LANGUAGES
from tests.adapters.git_checkouts import Checkout, write_program
from tests.end_to_end.live_canaries import PlantedGoogle
from tests.end_to_end.live_google import FIRST, live_google, place_of
from tests.end_to_end.live_site import Site, texts_of
from tests.end_to_end.tapped_google import tapped_google

pytestmark = pytest.mark.slow

FORMATS = ("table", "json", "yaml", "markdown")
IMAGE = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[\w/.-]+@sha256:[0-9a-f]{64}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("live-canaries")
    checkout = Checkout(folder / "o4o-platform")
    # What a test writes into a subject must be known to the search: the planted secrets are made by place.
    marks = {name: f"Cn7{base64.b16encode(name.encode()).decode()[:20]}Xk2" for name in ("subject", "remote", "branch")}
    older = checkout.commit("before", "a")
    checkout.commit(f"fix: DB_PASSWORD={marks['subject']} was wrong", "Dockerfile")
    newer = checkout.commit(f"ci: push to https://ci:{marks['branch']}@git.example.com/x.git", "b")
    checkout.git("remote", "add", "origin", f"https://ci:{marks['remote']}@git.example.com/o4o.git")
    planted = PlantedGoogle(older, newer)
    planted.secrets |= {f"git {name}": secret for name, secret in marks.items()}
    with tapped_google(folder, planted.cloud, planted.change) as (google, tap):
        yield Site(google, planted, tap, checkout, folder)


@pytest.fixture(autouse=True)
def _no_fault_is_left(site: Site) -> Iterator[None]:
    yield
    site.planted.cloud.faults.clear()


def test_the_answers_hold_them(site: Site) -> None:
    """Otherwise the other tests prove nothing."""
    site.diagnose()
    # Sinks are asked about when there are no lines.
    site.google.fail(Action.EMPTY, "logging", "entries:list", times=2)
    site.diagnose()
    site.google.fail(Action.DENY, "")
    site.diagnose()
    text = site.tap.text()
    # The secret versions that are not the one in use, and the tasks of the last success, are not asked for.
    rest = re.compile(r"git |secret o4o-|task \d log address|description of the sink|identity of the sink")
    missing = [place for place, secret in site.secrets.items() if secret not in text and not rest.match(place)]
    assert missing == []
    assert len(site.secrets) > 250
    assert len([place for place in site.secrets if place.startswith("made up")]) >= 3


class TestDiagnose:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("output", FORMATS)
    def test_no_report_and_no_debug_log_holds_one(self, site: Site, output: str, language: str) -> None:
        ended = site.diagnose("-o", output, "--lang", language, "-vv")
        assert ended.exit_code == 3, ended.stderr
        assert len(ended.stdout) > 2000
        # Of libraries nothing is told at this level: what they would say holds addresses, headers and bodies.
        loggers = set(re.findall(r"^[\d:]{8} (\S+) ", ended.stderr, re.MULTILINE))
        assert loggers == {"opsctl.adapters.google_rest.session"}
        assert site.leaks(ended.stdout, ended.stderr) == []

    @pytest.mark.parametrize("columns", ["80", "200"])
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_terminal_shows_one(
        self, site: Site, columns: str, language: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", columns)
        ended = site.diagnose("--lang", language, "-v", is_terminal=True)
        assert ended.exit_code == 3
        assert site.leaks(ended.stdout, ended.stderr) == []

    @pytest.mark.parametrize("name", ["saved.json", "saved.json.gz"])
    def test_no_saved_file_and_no_replay_holds_one(self, site: Site, name: str) -> None:
        path = site.folder / name
        live = site.diagnose("-o", "json", "--save-evidence", str(path))
        assert live.exit_code == 3, live.stderr
        content = path.read_bytes()
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
        assert "***(s1)" in text
        assert site.leaks(text, live.stdout, live.stderr) == []
        replay = site.diagnose("--from-evidence", str(path), "-o", "json", "-vv")
        assert replay.stdout == live.stdout
        assert site.leaks(replay.stderr) == []

    def test_what_was_found_is_the_same_as_without_secrets(self, site: Site, tmp_path: Path) -> None:
        """Masking too much would hide the cause, and planting too much would be another incident."""
        with live_google(tmp_path, FIRST) as plain:
            expected = plain.report()
        found = json.loads(site.diagnose("-o", "json").stdout)["data"]
        first = ("cause", "confidence", "title")
        assert [found["findings"][0].get(key) for key in first] == [expected["findings"][0].get(key) for key in first]
        assert found["execution"]["execution"] == expected["execution"]["execution"]

    def test_the_cache_holds_none(self, site: Site) -> None:
        site.diagnose()
        files = [path for path in (site.folder / "cache").rglob("*") if path.is_file()]
        assert files
        names = {"name of a file", "other name of a file"}
        for path in files:
            # Names of files are what the cache is there for; it is the user's own (0600).
            assert set(site.leaks(*texts_of(path.read_bytes()))) <= names
            assert path.stat().st_mode & 0o077 == 0


COMMANDS = [
    ("cloudrun", "logs", FIRST),
    ("cloudrun", "logs", FIRST, "--tail", "30"),
    ("cloudrun", "logs", FIRST, "--contains", "error"),
    ("cloudrun", "executions"),
    ("cloudrun", "executions", "o4o-api-migrations", "--failed"),
    ("cloudrun", "image", "ls", FIRST, "/app"),
    ("cloudrun", "image", "ls", FIRST, "/", "--recursive"),
    ("cloudrun", "image", "config", FIRST),
    ("config", "check"),
    ("config", "show"),
]
LISTS = ("cloudrun executions", "cloudrun image ls", "config check")


def formats_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The formats of a command line."""
    if words[:2] == ("cloudrun", "logs"):
        return (*FORMATS, "ndjson", "text")
    return (*FORMATS, "csv", "ndjson", "name") if " ".join(words).startswith(LISTS) else FORMATS


CASES = [(words, output) for words in COMMANDS for output in formats_of(words)]

CASE_IDS = [f"{' '.join(words)} -o {output}" for words, output in CASES]


class TestOtherCommands:
    @pytest.mark.parametrize(
        ("words", "output"), CASES, ids=[f"{' '.join(words)} -o {output}" for words, output in CASES]
    )
    def test_none_shows_one(self, site: Site, words: tuple[str, ...], output: str) -> None:
        ended = site.run(*words, *scope_of(words), "-o", output, "-vv")
        assert ended.exit_code == 0, ended.stderr
        assert ended.stdout
        assert site.leaks(ended.stdout, ended.stderr) == []

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    def test_no_terminal_shows_one(self, site: Site, words: tuple[str, ...], language: str) -> None:
        ended = site.run(*words, *scope_of(words), "--lang", language, "-v", is_terminal=True)
        assert site.leaks(ended.stdout, ended.stderr) == []

    def test_following_a_log_shows_none(self, site: Site) -> None:
        ended = site.run("cloudrun", "logs", FIRST, *place_of(FIRST), "--follow", "-vv", "-o", "text")
        assert ended.exit_code == 0, ended.stderr
        assert len(ended.stdout) > 2000
        assert site.leaks(ended.stdout, ended.stderr) == []

    def test_a_log_without_lines_says_why_without_one(self, site: Site) -> None:
        site.google.fail(Action.EMPTY, "logging", "entries:list")
        for output in ("table", "json", "text"):
            ended = site.run("cloudrun", "logs", FIRST, *place_of(FIRST), "-o", output)
            assert "noise" in ended.stdout + ended.stderr
            assert site.leaks(ended.stdout, ended.stderr) == []

    def test_a_file_is_shown_on_purpose(self, site: Site) -> None:
        """The exception: to a pipe the bytes are those of the file. On a terminal and as JSON it is masked."""
        words = ("cloudrun", "image", "cat", FIRST, "/app/.env", *place_of(FIRST))
        secret = site.planted.secrets["image .env"]
        assert site.run(*words, "-o", "json").exit_code == 0
        assert site.leaks(site.run(*words, "-o", "json").stdout) == []
        shown = site.run(*words, is_terminal=True)
        assert shown.exit_code == 0
        assert secret not in shown.stdout
        assert site.leaks(shown.stderr) == []


def scope_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Project and region for the commands that ask for them."""
    return () if words[0] == "config" else place_of(FIRST)


FAULTS: list[tuple[Action, dict[str, Any]]] = [
    (Action.UNAUTHENTICATED, {}),
    (Action.DENY, {}),
    (Action.API_DISABLED, {}),
    (Action.NOT_FOUND, {}),
    (Action.STATUS, {"status": 400}),
    (Action.STATUS, {"status": 500, "times": 3}),
    (Action.THROTTLE, {"times": 2}),
    (Action.RESET, {"times": 2}),
    (Action.CUT, {"times": 2}),
    (Action.GARBAGE, {}),
]
FAULT_IDS = [f"{action}-{more.get('status', '')}".strip("-") for action, more in FAULTS]
BROKEN_PLACES = ("", "run", "logging", "registry", "iam")


# Every fault in two places, every place with several; every command with three faults. All pairs would take minutes.
AT_PLACES = [(BROKEN_PLACES[(number + turn) % 5], number) for number in range(len(FAULTS)) for turn in (0, 2)]
ASKING = [words for words in COMMANDS if words[0] == "cloudrun" and not {"--tail", "--failed", "/", "error"} & {*words}]
OF_COMMANDS = [(words, (3 * place + turn) % len(FAULTS)) for place, words in enumerate(ASKING) for turn in (0, 4, 7)]


class TestErrors:
    @pytest.mark.parametrize(
        ("api", "fault"), AT_PLACES, ids=[f"{api or 'all'}-{FAULT_IDS[number]}" for api, number in AT_PLACES]
    )
    def test_no_error_tells_one(self, site: Site, api: str, fault: int, tmp_path: Path) -> None:
        action, more = FAULTS[fault]
        site.google.fail(action, api, **more)
        saved = tmp_path / "saved.json"
        ended = site.diagnose("-o", "json", "-vv", "--save-evidence", str(saved))
        assert ended.exit_code in (1, 3, 5, 6, 7), ended.stderr
        assert ended.exit_code == 3 or api in ("", "run"), ended.stderr
        texts = [saved.read_text(encoding="utf-8")] if saved.exists() else []
        assert site.leaks(ended.stdout, ended.stderr, *texts) == []

    @pytest.mark.parametrize(
        ("words", "fault"), OF_COMMANDS, ids=[f"{' '.join(words)} {FAULT_IDS[number]}" for words, number in OF_COMMANDS]
    )
    def test_no_other_command_tells_one(self, site: Site, words: tuple[str, ...], fault: int) -> None:
        action, more = FAULTS[fault]
        api = "registry" if "image" in words else "logging" if "logs" in words else "run"
        site.google.fail(action, api, **more)
        ended = site.run(*words, *place_of(FIRST), "-vv")
        assert ended.stderr
        assert site.leaks(ended.stdout, ended.stderr) == []

    def test_a_collector_of_logs_is_told_none(self, site: Site) -> None:
        site.google.fail(Action.DENY, "run")
        site.google.fail(Action.DENY, "logging")
        ended = site.diagnose("-vv", environ={"CLOUD_RUN_JOB": "x"})
        assert ended.exit_code == 6
        assert site.leaks(ended.stdout, ended.stderr) == []


class TestCredentials:
    """What stands in credential files, and what programs say of them."""

    def refresh_login(self, site: Site, folder: Path) -> dict[str, str]:
        document = {
            "type": "authorized_user",
            "client_id": "x.apps.googleusercontent.com",
            "client_secret": self.mark(site, "client secret"),
            "refresh_token": self.mark(site, "refresh token"),
            "token_uri": f"{site.google.running.url}/token",
        }
        path = folder / "login.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}

    def service_account(self, site: Site, folder: Path) -> dict[str, str]:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        site.planted.secrets["private key"] = key.decode().splitlines()[5]
        site.planted.secrets["id of the private key"] = "0123abcd" * 5
        document = {
            "type": "service_account",
            "client_email": "ci@netureyoutube.iam.gserviceaccount.com",
            "private_key": key.decode(),
            "private_key_id": "0123abcd" * 5,
            "token_uri": f"{site.google.running.url}/token",
        }
        path = folder / "key.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}

    def broken_file(self, site: Site, folder: Path) -> dict[str, str]:
        path = folder / "broken.json"
        text = f'{{"type": "authorized_user", "refresh_token": "{self.mark(site, "broken file")}", '
        path.write_text(text, encoding="utf-8")
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}

    def odd_file(self, site: Site, folder: Path) -> dict[str, str]:
        path = folder / "odd.json"
        path.write_text(json.dumps({"type": self.mark(site, "type"), "x": 1}), encoding="utf-8")
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}

    def gcloud_that_fails(self, site: Site, folder: Path) -> dict[str, str]:
        return self.gcloud(site, folder, f"echo {self.mark(site, 'stderr of gcloud')} >&2; exit 1")

    def gcloud_with_a_refused_token(self, site: Site, folder: Path) -> dict[str, str]:
        return self.gcloud(site, folder, f"echo {self.mark(site, 'token of gcloud')}")

    def gcloud_that_talks(self, site: Site, folder: Path) -> dict[str, str]:
        return self.gcloud(site, folder, f"echo WARNING: the token is {self.mark(site, 'talk of gcloud')}")

    def gcloud(self, site: Site, folder: Path, script: str) -> dict[str, str]:
        write_program(folder / "gcloud", f"#!/bin/sh\n{script}\n")
        config = folder / "gcloud-config" / "configurations"
        config.mkdir(parents=True, exist_ok=True)
        (config / "config_default").write_text("[core]\naccount = ci@example.com\n", encoding="utf-8")
        return {"CLOUDSDK_CONFIG": str(config.parent), "PATH": f"{folder}:/usr/bin:/bin"}

    def token_file(self, site: Site, folder: Path) -> dict[str, str]:
        path = folder / "token"
        path.write_text(f"{self.mark(site, 'token file')} and more\n", encoding="utf-8")
        return {"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(path)}

    def refused_token(self, site: Site, folder: Path) -> dict[str, str]:
        return {"CLOUDSDK_AUTH_ACCESS_TOKEN": self.mark(site, "refused token")}

    def mark(self, site: Site, place: str) -> str:
        """A secret that the search knows."""
        secret = f"Qz9{base64.b16encode(place.encode()).decode()}"
        site.planted.secrets[place] = secret
        return secret

    @pytest.mark.parametrize(
        "kind",
        [
            refresh_login,
            service_account,
            broken_file,
            odd_file,
            gcloud_that_fails,
            gcloud_with_a_refused_token,
            gcloud_that_talks,
            token_file,
            refused_token,
        ],
        ids=lambda kind: kind.__name__,
    )
    def test_nothing_of_them_is_told(
        self, site: Site, kind: Callable[[TestCredentials, Site, Path], dict[str, str]], tmp_path: Path
    ) -> None:
        environ = kind(self, site, tmp_path)
        for words in (("cloudrun", "diagnose", FIRST), ("cloudrun", "executions"), ("cloudrun", "image", "ls", FIRST)):
            ended = site.run(*words, *place_of(FIRST), "-vv", environ=environ, signed_in=False)
            assert ended.exit_code in (5, 6), ended.stderr
            assert site.leaks(ended.stdout, ended.stderr) == []

    @pytest.mark.parametrize("is_right", [True, False])
    def test_nothing_of_a_docker_login_is_told(self, site: Site, tmp_path: Path, is_right: bool) -> None:
        found = IMAGE.search(site.tap.text() or "") or IMAGE.search(site.diagnose("-o", "json").stdout)
        assert found is not None
        port = site.google.running.port
        reference = f"127.0.0.1:{port}/{found[0].partition('/')[2]}"
        password = site.planted.cloud.token if is_right else self.mark(site, "docker password")
        login = base64.b64encode(f"oauth2accesstoken:{password}".encode()).decode()
        site.planted.secrets["docker login"] = login[30:]
        config = {"auths": {f"127.0.0.1:{port}": {"auth": login}}}
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        environ = {"DOCKER_CONFIG": str(tmp_path)}
        for words in (("config", reference), ("ls", reference, "/app")):
            ended = site.run("cloudrun", "image", *words, "-vv", environ=environ, signed_in=False)
            assert ended.exit_code == (0 if is_right else 6), ended.stderr
            assert site.leaks(ended.stdout, ended.stderr) == []
