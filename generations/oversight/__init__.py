"""Cost oversight: what providers cost beside what teams paid, for the operator's people (design section 10).

Domain only: reads across all teams and the staff's verbs. Its pages lie in generations/staff.
"""
