"""Cells without a matrix product in the recurrence, so that all products leave the time loop.

Imports the compiler.
"""

from recurry.compiler.cell import Cell

_MINIMAL = "Feng et al. 2024, Were RNNs all we needed?, arXiv 2410.01201"

MINGRU = Cell.parse(
    """
    z = sigmoid(W_z @ x + b_z)
    h = (1 - z) * h + z * (W_h @ x + b_h)
    """,
    name="mingru",
    source=f"minimal GRU (z = 1 replaces the old state); {_MINIMAL}",
)

MINLSTM = Cell.parse(
    """
    f = sigmoid(W_f @ x + b_f)
    i = sigmoid(W_i @ x + b_i)
    h = f / (f + i) * h + i / (f + i) * (W_h @ x + b_h)
    """,
    name="minlstm",
    initial={"b_f": 1},
    source=f"minimal LSTM, gates normalised to sum 1; {_MINIMAL}",
)

SRU = Cell.parse(
    """
    f = sigmoid(W_f @ x + v_f * c + b_f)
    r = sigmoid(W_r @ x + v_r * c + b_r)
    c = f * c + (1 - f) * (W_c @ x)
    h = r * c + (1 - r) * x
    """,
    name="sru",
    initial={"b_f": 1},
    source="simple recurrent unit, gates read c by weight vectors; Lei et al. 2018, arXiv "
    "1709.02755v5; x enters without a matrix, so I must equal H",
)

CELLS = (MINGRU, MINLSTM, SRU)
