"""The whole state in one document: rows come in, a `schema.Report` goes out.

What ``tierwatch demo --report`` writes, ``GET /api/v1/report`` returns and the overview page shows.
"""
