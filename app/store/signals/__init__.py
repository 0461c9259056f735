"""What users do after an answer: whether they asked again, how they rated it, where they left.

A step of the loop adds to it from stored exchanges; pages and the report read it beside verdicts.
"""
