"""One page about a run that a stranger can read: curve, samples, coloured cells, equations.

Comes in: a model and its run folder. Goes out: one self-contained HTML file.
May import everything below `cli`.
"""
