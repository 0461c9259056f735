"""Sections about what leaves for other tools, beside alerts: a section's keys, and what it demands.

As every section of `config`; read with the whole file.
"""
