"""What would be better: observed outcomes come in, proposals with their evidence go out.

Thresholds, of one tier or of all together for an objective; learned models; task types and their
offsets. Asked by the schedule of the workers and by the commands `train`, `types` and
`replay-policy`.
"""
