"""The gateway's part of Redis: where conversations stand, and answers that were given before.

Keys come in, values go out within milliseconds or not at all. Read by the steps `cache` and
`route`, written by `record`.
"""
