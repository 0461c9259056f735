"""Which thresholds may be proposed: certified for one tier, or for all together."""
