"""Traces for other people's collectors: exchanges and verdicts come in, OTLP goes out.

Off unless OpenTelemetry's own variables name a collector, and then not even imported. Only
`command` and workers build it; nothing here ever holds a request, and what cannot be sent is
dropped and counted.
"""
