"""The answer: a decision comes in, a whole answer or a begun stream goes out, with what it took."""
