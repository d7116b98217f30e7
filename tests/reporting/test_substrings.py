"""The search for many substrings says what `in` says."""

from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.substrings import SubstringSearch

TEXTS = st.text(st.sampled_from("ab.*(_@Zq\\n\n"), max_size=30) | st.text(max_size=30)
NEEDLES = st.lists(st.text(st.sampled_from("ab.*(_@Zq\\n\n"), max_size=5) | st.text(max_size=5), max_size=8)


@given(TEXTS, NEEDLES)
def test_it_says_what_a_loop_over_all_says(text: str, needles: list[str]) -> None:
    assert SubstringSearch(needles).is_in(text) == any(needle in text for needle in needles if needle)


@given(TEXTS, NEEDLES, st.text(min_size=1, max_size=6), TEXTS)
def test_a_needle_is_found_wherever_it_stands(before: str, others: list[str], needle: str, after: str) -> None:
    assert SubstringSearch([*others, needle]).is_in(before + needle + after)


def test_upper_and_lower_case_are_told_apart() -> None:
    search = SubstringSearch(["AKIA", "key"])
    assert search.is_in("id AKIA0")
    assert not search.is_in("akia KEY")
