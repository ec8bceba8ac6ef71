"""The three best cells of a search over ten thousand, exactly as printed.

As printed, `z` weights the candidate, and `x` enters without a matrix in `mut1` and `mut2`, so
those two need an input of the hidden size (an embedding gives one). Imports the compiler.
"""

from recurry.compiler.cell import Cell

_SOURCE = "Jozefowicz, Zaremba and Sutskever 2015, An empirical exploration of recurrent network "

MUT1 = Cell.parse(
    """
    z = sigmoid(W_z @ x + b_z)
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + tanh(x) + b_h) * z + h * (1 - z)
    """,
    name="mut1",
    source=_SOURCE + "architectures, MUT1 as printed (z = 1 replaces the old state)",
)

MUT2 = Cell.parse(
    """
    z = sigmoid(W_z @ x + U_z @ h + b_z)
    r = sigmoid(x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + W_h @ x + b_h) * z + h * (1 - z)
    """,
    name="mut2",
    source=_SOURCE + "architectures, MUT2 as printed (z = 1 replaces the old state)",
)

MUT3 = Cell.parse(
    """
    z = sigmoid(W_z @ x + U_z @ tanh(h) + b_z)
    r = sigmoid(W_r @ x + U_r @ h + b_r)
    h = tanh(U_h @ (r * h) + W_h @ x + b_h) * z + h * (1 - z)
    """,
    name="mut3",
    source=_SOURCE + "architectures, MUT3 as printed (z = 1 replaces the old state)",
)

CELLS = (MUT1, MUT2, MUT3)
