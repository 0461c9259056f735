"""OpenAI's chat completions: ``POST /v1/chat/completions``, and what compatible servers make of it.

Its dictionaries are also what the routing library and the capture take of every request and answer,
whichever wire it came on: `write_request` and `write_reply` write them.
"""
