"""What comes back from other vendors: a signed call comes in, who acknowledged what goes out. Pure.

Nothing of a call is read before its signature is right. The dashboard alone is called.
"""
