"""Evidence: what an alert or a proposal rests on, as typed documents with a version.

Figures of the tests and monitors come in, JSON for the database goes out, and back again. Each
kind of alert and proposal has one frozen class. The loop builds them, `store` writes and reads
them, pages and the API read their attributes; nothing here does I/O.
"""
