"""Text out of a model: sampling, beams, stop strings, and bytes that are always valid UTF-8.

Comes in: a language model and a prime. Goes out: text, all at once or piece by piece.
May import `tasks` and below, `training` and `artefact`; neither `runs` nor `inspection`.
"""
