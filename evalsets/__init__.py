"""Evaluation sets that ship with tierwatch; a card beside each says how it was made."""
