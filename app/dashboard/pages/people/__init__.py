"""Who may enter, and who is in: users, tokens and sessions.

A request comes in and a page goes out, or what was done to somebody's account.
"""
