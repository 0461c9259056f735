"""Calls of other vendors' services: a signed call comes in, a moved alert goes out.

No login and no token: the signature is both, and is checked by `notify.returns` before anything of
a call is read.
"""
