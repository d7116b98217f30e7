"""Both languages say the same things."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

from opsctl.reporting.language import LANGUAGES
from opsctl.reporting.texts import Catalogue, placeholders, read_area
from opsctl.reporting.view import Bytes, Duration


def areas(language: str) -> set[str]:
    package = import_module(f"opsctl.reporting.texts.{language}")
    return {module.name for module in pkgutil.iter_modules(package.__path__)}


def messages() -> Iterator[tuple[str, str]]:
    for area in sorted(areas("en")):
        for name in read_area("en", area):
            yield area, name


def test_both_languages_have_the_same_areas() -> None:
    assert areas("en") == areas("ko") >= {"common", "config"}


@pytest.mark.parametrize("area", sorted(areas("en")))
def test_both_languages_have_the_same_messages_in_the_same_order(area: str) -> None:
    assert list(read_area("en", area)) == list(read_area("ko", area))


@pytest.mark.parametrize(("area", "name"), list(messages()))
def test_both_languages_use_the_same_placeholders(area: str, name: str) -> None:
    english, korean = read_area("en", area)[name], read_area("ko", area)[name]
    assert placeholders(english) == placeholders(korean)
    assert all(placeholder.isidentifier() for placeholder in placeholders(english))
    assert bool(english.strip()) == bool(korean.strip())


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_are_written_in_the_language(language: str) -> None:
    texts = Catalogue("ko" if language == "ko" else "en")
    expected = {"en": "Fetching: finished after 2 h", "ko": "Fetching: 완료, 소요 시간 2시간"}
    assert texts.get("common.progress_finished", phase="Fetching", elapsed=Duration(7200)) == expected[language]
    assert texts.show(Bytes(2048)) == "2.0 KiB"


def test_a_value_cannot_reach_into_the_template() -> None:
    assert Catalogue().get("common.progress_started", phase="{total} {0.__class__}") == "{total} {0.__class__}"


@pytest.mark.parametrize("key", ["common.no_such_message", "no_such_area.x", "common", "", "..x", "os.path.join"])
def test_a_message_that_does_not_exist(key: str) -> None:
    with pytest.raises(KeyError):
        Catalogue().get(key)


def test_a_placeholder_without_a_value() -> None:
    with pytest.raises(KeyError):
        Catalogue().get("common.progress_started")
