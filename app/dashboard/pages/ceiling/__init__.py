"""The ceiling: the top tier's own quality by the month, beside what routing saves."""
