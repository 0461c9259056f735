"""OpenAI's Responses: ``POST /v1/responses``, whose turns are items in one list.

Items come in, typed turns go out, and back; for `wire.wires`, and nobody else. What this wire has
and others have not:

- Items of an assistant that follow one another (thoughts, words, calls) are one turn.
- Tools within a name space, and tools whose input is free text, are functions on other wires:
  ``clock__sleep``, and one with a field ``input``. In the answer their own names and kinds come
  back, from the tools of the request (`tools`).
- Thoughts, and what tools of the provider's own did, are left out for other wires; what stands for
  something that only its provider keeps (``item_reference``, ``conversation``) is refused.
"""
