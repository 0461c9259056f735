"""An HTTP/1.1 client for the gateway: a prepared address and a body come in, a reply goes out.

`pool.Pool` is our own, over httptools; `with_aiohttp.AiohttpClient` is the other with the same face
(`face`). Both raise what `faults` names, and never send a request twice. They know nothing of
models: `providers.upstream` is the only caller.
"""
