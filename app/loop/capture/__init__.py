"""What arrives: served exchanges come in, rows and a message for each that waits go out.

An exchange is counted, sampled with a known probability, redacted and stored; what callers say of
it comes after it, and leaves in time. Asked by the gateway, which hands over each exchange once its
reply is closed, and by the schedule of the workers.
"""
