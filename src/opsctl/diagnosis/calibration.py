"""The numbers of the ranking, checked on labelled executions by cross-validation (`benchmarks/diagnosis_scores.py`).

All are log-odds but the temperature: a weight of 3 makes a cause e^3 = 20 times as likely as without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsctl.diagnosis.rule import Weight


@dataclass(frozen=True, slots=True)
class Calibration:
    """`unknown` is the log-odds of a cause that no rule knows, with everything seen; `reserve` what a section other
    than the log could have carried when it was not seen, `reserve_silence` what a program that said nothing could have
    said; `further` what a section that concerns a cause could add to what supports it. `hidden` is what a more
    specific cause takes from the general one. `temperature` divides all scores before they become probabilities; `cap`
    is the highest probability without decisive evidence."""

    platform: float = 12.0
    decisive: float = 8.0
    strong: float = 5.5
    moderate: float = 3.0
    weak: float = 1.2
    unknown: float = 1.5
    reserve: float = 2.5
    reserve_silence: float = 4.0
    further: float = 1.9
    hidden: float = 5.0
    temperature: float = 1.0
    cap: float = 0.7

    @property
    def reserve_logs(self) -> float:
        """A little more than the log's strongest single word: what it might have said outweighs whatever else points
        somewhere."""
        return self.decisive + 0.5

    @property
    def reserve_untold(self) -> float:
        """Errors of a run that may have ended well prove little."""
        return self.decisive + 2.0

    def weight(self, weight: Weight) -> float:
        """The log-odds of a weight."""
        value: float = getattr(self, weight.value)
        return value


DEFAULT = Calibration()
