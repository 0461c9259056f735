"""Thresholds that a person names: the same evidence as a search finds, and a proposal of theirs."""
