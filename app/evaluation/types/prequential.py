"""Whether offsets help on pairs that come after those they were estimated from."""

import math
from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.models.chances import log_losses
from tierwatch.evaluation.types.offset_estimates import estimate_offsets
from tierwatch.evaluation.types.scored_pairs import ScoredPairs

# The pairs in order as twelve parts: two to begin with, ten that each measure what came before.
_PARTS = 12
_FIRST_PARTS = 2
_LAST_PARTS = 3
_SHOWN = math.log(20)


@dataclass(frozen=True, slots=True)
class InOrder:
    """What offsets do to pairs that came after those they were estimated from.

    Attributes:
        pairs: measured, one of each conversation.
        log_loss: mean without offsets and with them; None without pairs.
        evidence: for the offsets, in nats: the sum of the gains in log loss.
        lately: what the last three of the twelve parts add to it.
    """

    pairs: int
    log_loss: tuple[float, float] | None
    evidence: float
    lately: float

    @property
    def helps(self) -> bool:
        """Whether offsets gained on the whole, and lately are not shown to harm.

        No test: what carries the offsets is tested as a whole (`compare_models`), on other pairs.
        """
        return self.evidence > 0 and self.lately > -_SHOWN


def offsets_in_order(pairs: ScoredPairs) -> InOrder:
    """Do offsets help on pairs that come after those they were estimated from?

    The pairs in order are cut into twelve parts. From the third on each is scored with the offsets
    of all parts before it, and without any. The first pair of each conversation counts, in the
    part it is in; one that began in the first two parts does not.

    A head that learns fast leaves old offsets behind. Where the last three parts speak against
    them by log 20, which true offsets do once in 20 times at most (Ville's inequality), they do
    not help, whatever they did before.
    """
    sessions = pairs.held_out.sessions
    begun: set[str] = set()
    gains, plain_losses = [np.zeros(0)], [np.zeros(0)]
    for number, part in enumerate(np.array_split(np.arange(len(sessions)), _PARTS)):
        places = []
        for at in part.tolist():
            if sessions[at] not in begun:
                begun.add(sessions[at])
                places.append(at)
        if number < _FIRST_PARTS:
            continue
        offsets = estimate_offsets(pairs.at(range(int(part[0])))) if places else {}
        now = pairs.at(places)
        plain = log_losses(now.chances({}), now.held_out.verdicts)
        gains.append(plain - log_losses(now.chances(offsets), now.held_out.verdicts))
        plain_losses.append(plain)
    gain, without = np.concatenate(gains), np.concatenate(plain_losses)
    before = float(without.mean()) if len(without) else 0.0
    return InOrder(
        pairs=len(gain),
        log_loss=(before, before - float(gain.mean())) if len(gain) else None,
        evidence=float(gain.sum()),
        lately=float(np.concatenate(gains[-_LAST_PARTS:]).sum()),
    )
