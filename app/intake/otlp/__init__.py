"""OpenTelemetry's protocol, read: a request's bytes come in, calls and counts of the rest go out.

Pure: no I/O and no clock. ``requests`` decodes a body, ``dialects`` know one instrumentation each,
and ``joining`` holds what has arrived of a call until the rest has; asked by the intake and by
``tierwatch import``.
"""
