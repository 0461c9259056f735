"""Answers that were given before: a request comes in, a look into the cache goes out."""
