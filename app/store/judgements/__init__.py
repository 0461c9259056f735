"""What is known of answers: verdicts, outcomes, anchors and probes, monitors.

The judge, reviewers and checks add to it; watching, retuning and the report read it.
"""
