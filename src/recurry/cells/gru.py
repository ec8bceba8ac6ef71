"""Gated recurrent units and their lighter relatives.

`gru` resets before the product, `gru_after` behind it: weights of one are useless in the other.
Imports the compiler.
"""

from recurry.compiler.cell import Cell

GRU = Cell.parse(
    """
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    z = sigmoid(W_z @ x + U_z @ h + b_z)
    h = z * h + (1 - z) * tanh(W_h @ x + U_h @ (r * h) + b_h)
    """,
    name="gru",
    source="reset before the product (z = 1 keeps the old state); Cho et al. 2014, arXiv "
    "1406.1078v3, with biases; Keras GRU with reset_after=False",
)

GRU_AFTER = Cell.parse(
    """
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    z = sigmoid(W_z @ x + U_z @ h + b_z)
    h = z * h + (1 - z) * tanh(W_h @ x + b_h + r * (U_h @ h + c_h))
    """,
    name="gru_after",
    source="reset after the product; cuDNN, torch.nn.GRU and Keras GRU with reset_after=True "
    "(the two biases of r and of z are one here); the form of Cho et al. 2014, arXiv 1406.1078v1",
)

MGU = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + b_f)
    h = (1 - f) * h + f * tanh(W_h @ x + U_h @ (f * h) + b_h)
    """,
    name="mgu",
    source="minimal gated unit (f = 1 replaces the old state); Zhou et al. 2016, arXiv 1603.09420",
)

UGRNN = Cell.parse(
    """
    g = sigmoid(W_g @ x + U_g @ h + b_g)
    h = g * h + (1 - g) * tanh(W_h @ x + U_h @ h + b_h)
    """,
    name="ugrnn",
    initial={"b_g": 1},
    source="update gate only (g = 1 keeps the old state); Collins, Sohl-Dickstein and Sussillo "
    "2017, arXiv 1611.09913",
)

LIGRU = Cell.parse(
    """
    z = sigmoid(W_z @ x + U_z @ h + b_z)
    h = z * h + (1 - z) * relu(W_h @ x + U_h @ h + b_h)
    """,
    name="ligru",
    source="no reset gate, ReLU; Ravanelli et al. 2018, arXiv 1803.10225, with biases in place of "
    "batch normalisation",
)

CELLS = (GRU, GRU_AFTER, MGU, UGRNN, LIGRU)
