"""Who may use the dashboard and its API: people with passwords, programs with tokens.

Asked by the dashboard's doors and by the commands that add them.
"""
