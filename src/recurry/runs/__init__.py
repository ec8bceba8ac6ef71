"""A run folder from start to end: configuration, training, checkpoints, log, curves, resume.

Comes in: settings or a run folder. Goes out: a folder with everything that training made.
May import: training, artefact and below; not generation, inspection or report.
"""
