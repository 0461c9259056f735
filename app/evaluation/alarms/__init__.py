"""Whether something has changed, with a bound on false alarms, and what it was."""
