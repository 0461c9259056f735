"""The clients that send: a request goes out, a provider's answer or a `ProviderError` comes back.

``upstream`` is the gateway's, asynchronous, bytes for bytes; ``completion`` is the workers', one
whole answer for one request. `recorded` is a provider itself, for demonstrations and tests: it
answers over HTTP from recorded traffic. The gateway, the loop (by `Runtime`) and the commands may
call them; they know the wires and the configuration, and nothing of what an answer is for.
"""
