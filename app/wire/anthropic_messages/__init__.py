"""Anthropic's Messages: ``POST /v1/messages``.

What another wire's requests and answers lose here, or what theirs lose on another wire:

- Thinking blocks and what a provider's own tools wrote are dropped; Anthropic to Anthropic passes
  untouched.
- A content part the other side cannot take (audio, uploaded files) is refused in a sentence:
  leaving it out would ask another question.
- ``response_format`` becomes an instruction at the end of the system prompt, which every model and
  every compatible server takes; ``output_config`` is refused by models older than it.
- ``temperature`` is cut to Anthropic's range [0, 1], and stands alone when ``top_p`` is given too,
  because newer models refuse the two together.
"""
