"""What a model has in mind while it reads: states and gates, as numbers and as colours.

Comes in: a language model and a text. Goes out: arrays, painted text for a terminal, HTML.
May import `tasks` and below, `training` and `artefact`; neither `runs` nor `generation`.
"""
