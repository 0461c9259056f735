"""Whether the top tier is as good as it was: counts by month come in, a direction and why go out.

Asked by the report and its pages. What a month is compared with, and from how many on, is here.
"""
