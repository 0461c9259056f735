"""All tiers' thresholds against one objective: a share of the top tier's quality.

In come judged pairs of all boundaries as routing drew them; out come the total loss, thresholds to
head for, and certified moves of one tier at a time. The loop calls `joint_choice.choose_jointly`
when an objective is configured.
"""
