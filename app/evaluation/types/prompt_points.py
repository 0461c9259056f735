"""A prompt as a point: its meaning, and beside it how its nearest neighbours did."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackError, svds

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.judged_prompts import Losses
from tierwatch.evaluation.types.neighbours import Labels, Points, nearest, unit_rows
from tierwatch.routing.classify.task_types import BUCKETS, type_words

_DIMENSIONS = 48
_NEIGHBOURS = 30
_PRIOR_NEIGHBOURS = 3.0  # cosine-weighted neighbours that the overall rate counts as
# Weight of the losses beside the meaning, whose rows have length 1. On recorded traffic V rises up
# to .2 to .35; from .6 on the student cannot tell the groups any more (.93 to .98 against .998).
_LOSS_WEIGHT = 0.2
_RAREST = 3  # prompts that a word must occur in
_COMMONEST = 0.9
ONE_KIND = "found prompts that are all of one kind; accepted: two kinds or more"


def word_rows(texts: Sequence[str]) -> sparse.csr_matrix:
    """(n, BUCKETS): 1 where a prompt has a hashed word."""
    found = [sorted(type_words(text)) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    places = np.array([bucket for row in found for bucket in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(ends[-1]), places, ends), shape=(len(texts), BUCKETS))


def prompt_points(words: sparse.csr_matrix, losses: Losses, seed: int) -> Points:
    """Meaning and neighbours' losses of each prompt, as rows of length 1."""
    n = words.shape[0]
    frequency = np.asarray(words.sum(axis=0)).ravel()
    idf = np.log((n + 1) / (frequency + 1))
    idf[(frequency < _RAREST) | (frequency > _COMMONEST * n)] = 0.0
    weighted = words @ sparse.diags(idf)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weighted
    dimensions = min(_DIMENSIONS, n - 1)
    first = np.random.default_rng(seed).random(min(weighted.shape))
    try:
        _, _, axes = svds(weighted, k=dimensions, v0=first)
    except ArpackError as problem:
        raise EvidenceError(ONE_KIND) from problem
    meaning = unit_rows(np.asarray(weighted @ axes.T))
    places, cosines = nearest(meaning, _NEIGHBOURS)
    closeness = np.maximum(cosines, 0.0) ** 2
    beside: Points = np.array([_smoothed(column, places, closeness) for column in losses.T])
    scale = _LOSS_WEIGHT / np.sqrt(max(1, len(beside)))
    return unit_rows(np.concatenate([meaning, scale * beside.T], axis=1))


def _smoothed(losses: Losses, places: Labels, closeness: Points) -> Losses:
    """Mean loss of each prompt's neighbours, shrunk to the mean of all; standardised."""
    known = np.isfinite(losses)
    if not known.any():
        return np.zeros(len(losses))
    mean = losses[known].mean()
    weights = closeness * known[places]
    seen = (weights * np.where(known, losses, 0.0)[places]).sum(axis=1)
    smooth = (seen + _PRIOR_NEIGHBOURS * mean) / (weights.sum(axis=1) + _PRIOR_NEIGHBOURS)
    spread = smooth.std()
    standard: Losses = (smooth - mean) / spread if spread > 0 else np.zeros(len(losses))
    return standard
