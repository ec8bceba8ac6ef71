"""Comes in: symbols. Goes out: a domain's model and its scores, one file a domain.

May import network, data and below.
"""
