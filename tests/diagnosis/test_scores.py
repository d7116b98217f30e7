"""The figures that the diagnosis must reach on labelled executions, and its honesty about its own certainty."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.diagnosis_scores import CORPUS, OWN, answer, cross_validate, load_labelled, score


def test_the_corpus_is_diagnosed() -> None:
    found = score([answer(item) for item in load_labelled(CORPUS)])
    assert found.count == 81
    assert found.strict / found.count >= 0.95
    assert found.top3 / found.count >= 0.99
    assert found.brier <= 0.06
    assert found.overstated == ()


@pytest.mark.slow
def test_weights_that_were_fitted_elsewhere_do_as_well() -> None:
    found = cross_validate(load_labelled(CORPUS), 5)
    assert found.strict / found.count >= 0.95
    assert found.brier <= 0.06


@pytest.mark.parametrize("folder", OWN, ids=lambda folder: folder.name)
def test_failures_from_issue_trackers_are_diagnosed(folder: Path) -> None:
    found = score([answer(item) for item in load_labelled(folder)])
    assert found.count >= 60
    assert found.top1 / found.count >= 0.9
    assert found.top3 / found.count >= 0.95
    assert found.brier <= 0.08
    assert len(found.overstated) <= 1
