"""Who serves tiers under a policy: a file's tiers and a policy's models come in, a ladder goes out.

Used by policies, the router and whoever asks a tier's model; pure.
"""
