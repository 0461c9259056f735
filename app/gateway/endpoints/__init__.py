"""Everything but the chats: a request comes in, a whole `Reply` or a passed stream goes out.

Called by `gateway.routes`. Nothing here is routed, sampled or judged.
"""
