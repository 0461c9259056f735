"""Whether two prompts ask the same: by their wording, and by what must not differ between them."""
