"""Stored questions and answers, made fit for a page: messages come in, safe markup goes out.

Markdown as it is meant, JSON as a tree, calls of tools by their arguments, and what differs between
two answers. Everything here is bounded: a page takes as long for a book as for a chapter. Pages and
the API ask it; it asks no database.
"""
