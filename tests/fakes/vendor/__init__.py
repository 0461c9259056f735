"""A vendor of models on loopback: chat completions, messages and responses, whole and streamed.

It takes what the vendors are known to take and refuses what they refuse, in their envelopes; it
keeps each request byte for byte. What it answers stands in the question (`script`): nothing needs
to be set up, and fifty callers at once do not meet. Its facts are written apart from the gateway's
own (`app/fit`), so that each can find the other wrong. Nothing here is copied from a vendor: the
sentences are ours, around the words that programs look for.
"""
