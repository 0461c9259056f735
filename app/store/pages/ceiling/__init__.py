"""What is known of the top tier itself, and of what routing saves: sums by the month, UTC.

Asked by the report of the ceiling. Months without anything are left out.
"""
