"""The three best cells of a search over ten thousand, exactly as printed.

As printed, `z` weights the candidate, and `x` enters without a matrix in `mut1` and `mut2`, so
those two need an input of the hidden size (an embedding gives one). Imports the compiler.
"""

from recurry.compiler.cell import Cell

_SOURCE = (
    "as printed (z = 1 replaces the old state); Jozefowicz, Zaremba and Sutskever 2015, An "
    "empirical exploration of recurrent network architectures"
)

MUT1 = Cell.parse(
    """
    z = sigmoid(W_z @ x + b_z)
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + tanh(x) + b_h) * z + h * (1 - z)
    """,
    name="mut1",
    source=f"MUT1 {_SOURCE}",
)

MUT2 = Cell.parse(
    """
    z = sigmoid(W_z @ x + U_z @ h + b_z)
    r = sigmoid(x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + W_h @ x + b_h) * z + h * (1 - z)
    """,
    name="mut2",
    source=f"MUT2 {_SOURCE}",
)

MUT3 = Cell.parse(
    """
    z = sigmoid(W_z @ x + U_z @ tanh(h) + b_z)
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + W_h @ x + b_h) * z + h * (1 - z)
    """,
    name="mut3",
    source=f"MUT3 {_SOURCE}",
)

CELLS = (MUT1, MUT2, MUT3)
