"""What callers and providers speak. Pure: bytes and values in, bytes and values out, no I/O.

A wire is a folder (`openai_chat`, `anthropic_messages`, `openai_responses`) that reads what comes
on it into the typed form of `chat` and writes it from there; none knows another one. All have the
same modules with the same names in them, which `form.Wire` lists. Beside the folders stands what is
the same for all: ``translation`` goes from one wire to another, ``stream_relay`` does it with
streams, ``crossing`` has what becomes of a request on the way, ``history`` makes a conversation
readable for another model. The gateway, the providers and the loop may call these, and ask the
table for a wire; they name no wire's own module.

Another wire takes such a folder; its name in `chat` and its line in the table of `wires`; its name
and its vendor's address in `routing.config.providers`, which stands below this room; what a model
may refuse on it, in `fit`, a module like ``chat_rules`` and two lines in `fit.fitted`; the one
field without which it is no request, in `gateway.accept.request`; its bodies in
tests/factories/bodies.py, for `tests/wire/test_contract.py` to read it like every other; and two
lines in pyproject.toml, the package and its place in the contract "No wire knows another one". What
a wire has of its own is named where it matters: log-probabilities in `routing.config.classifier`
and `gateway.route.model_classifier`, headers that are passed on in `gateway.answer.ask`, what tells
two requests apart in `gateway.cache.cache_key`.
"""
