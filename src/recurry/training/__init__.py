"""Comes in: a language model, data, settings. Goes out: one `Progress` after each update.

Draws nothing, prints nothing, touches no file. May import tasks and below. Modules are imported
one by one, so that reading settings does not load torch.
"""
