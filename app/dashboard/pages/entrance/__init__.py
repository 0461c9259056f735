"""The ways in: what a first run still lacks, and the search that leads from any id to its page.

What was typed or counted comes in, a page or a part of one goes out. The overview shows the first,
the header of every page has the second.
"""
