"""Traffic that others served: what their programs report comes in, served exchanges go out.

A source is read into `calls.Readings`, by pure functions that know one format each and nothing of
tierwatch; the service keeps a batch before it acknowledges it, and hands each call, once, to the
same recorder that the gateway hands its exchanges to. Asked by ``tierwatch intake`` and
``tierwatch import``.
"""
