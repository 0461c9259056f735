"""Which exchanges are evaluated, with what probability, and what a verdict counts for."""
