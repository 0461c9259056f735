"""Who may enter and do what.

A request's cookie or bearer token comes in; a `Person` with a role, or the refusal, goes out. Pages
and API name the role they need; only this package reads passwords.
"""
