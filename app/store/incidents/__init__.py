"""What people make of alerts: which are one incident, whose they are, how they were resolved.

An alert or what a person decided comes in; rows of alerts, lists of them and counts go out.
`loop.watch` writes, pages and the API read.
"""
