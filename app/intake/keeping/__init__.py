"""Batches come in, rows go out, each call once: read, placed, drawn, kept on disk, then stored.

One thread reads and writes to the journal, which is what an acknowledgement rests on; another one
empties the journal into Postgres. Asked by the front and by ``tierwatch import``.
"""
