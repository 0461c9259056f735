"""The workers: a task's name comes in by message or by the clock, one function of the loop runs."""
