"""An answer comes in, bytes on the caller's wire go out; `Sent` says what the caller has got.

Called by `gateway.serve`, fifth, and by it for requests that were not accepted.
"""
