"""What passed: counts of all traffic, the exchanges of the sample with their texts, work on them.

Capture writes it, the steps of the loop claim and read it, retention ends it.
"""
