"""What pages show along the time: each module takes a stretch of it and gives sums by equal steps.

Judgements are placed where their request arrived, not where they were judged. Read by pages and the
API; nothing here writes.
"""
