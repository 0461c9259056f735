"""How rows are read: SQL expressions come in, and go out as values, several in one statement.

Called by the store's readers, and by pages that read several of these together.
"""
