"""The compiler's front half: equations come in, a plan goes out, and everything that follows.

Graphs, gradients, printing, drawings and the NumPy referee live here; torch is not known here.
May import: errors.
"""
