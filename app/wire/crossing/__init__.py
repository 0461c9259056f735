"""What becomes of a request on a wire that it was not said on, whichever wires these are.

What comes in is what one wire says: a part, a schema, an effort, a name. What goes out is the same
as another can take it, with the name of what was done to it, which ``Rewritten`` carries. The wires
call these while they write; the gateway, the loop and the judges take ``Rewritten`` and no more.
"""
