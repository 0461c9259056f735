"""A conversation's history, made readable for the model that is to go on with it.

What one model wrote may hold things that only it, or only its provider, takes back: signed
thinking, encrypted reasoning, results of tools the provider ran, ids of stored audio. The same
model on the same provider gets its own unchanged, as Anthropic demands in a tool exchange. Another
one gets them stripped, or said in words where there are words. Text, tool calls and their results
always stay. Everything that is taken out is counted by kind. What comes in is messages as a caller
sent them; each wire's own ``history`` module fits those of its wire, with what stands here.
"""
