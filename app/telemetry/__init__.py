"""Traces of the gateway, for other people's collectors: served exchanges come in, OTLP goes out.

Off unless OpenTelemetry's own variables name a collector, and then not even imported. Only
`command` builds it; nothing here ever holds a request, and what cannot be sent is dropped and
counted.
"""
