"""One replay of recorded traffic: send it, keep evaluation in step, wait for its end, report.

A running stack, a traffic file and options come in; a report and an exit code go out. Called by
`command.demo` and `command.replay`; the sender also by end-to-end tests.
"""
