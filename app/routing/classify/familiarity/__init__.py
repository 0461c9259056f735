"""What a learned classifier has judged before: prompts' words come in, whether it knows their like.

The local classifier shows it every judged pair; the classifier of all tiers asks it of every
request, and sends up what is unlike anything judged. Nobody else calls it.
"""
