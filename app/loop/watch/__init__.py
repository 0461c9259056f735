"""What has changed: outcomes and counts of traffic come in, alerts with their cause go out.

Monitors see every outcome once; anchors and probes say whether the judge or a model is another one
than before. Asked by the schedule of the workers; people acknowledge and resolve alerts through the
dashboard.
"""
