"""Whether a candidate model decides better than the one in force."""
