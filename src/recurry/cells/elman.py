"""Simple recurrent cells: one product with the input, one recurrence, no gates.

Imports the compiler.
"""

from recurry.compiler.cell import Cell

RNN = Cell.parse(
    "h = tanh(W_h @ x + U_h @ h + b_h)",
    name="rnn",
    source="the simple tanh cell; Elman 1990, Finding structure in time; torch.nn.RNN (its two "
    "biases are one here)",
)

RNN_RELU = Cell.parse(
    "h = relu(W_h @ x + U_h @ h + b_h)",
    name="rnn_relu",
    source="the simple ReLU cell; torch.nn.RNN with nonlinearity='relu' (its two biases are one "
    "here)",
)

IRNN = Cell.parse(
    RNN_RELU.equations,
    name="irnn",
    initial={"U_h": "identity"},
    source="ReLU, recurrent matrix the identity at the start; Le, Jaitly and Hinton 2015, arXiv "
    "1504.00941",
)

INDRNN = Cell.parse(
    "h = relu(W_h @ x + u_h * h + b_h)",
    name="indrnn",
    initial={"u_h": "uniform(0, 1)"},
    source="each unit reads only itself; Li et al. 2018, arXiv 1803.04831",
)

SCRN = Cell.parse(
    """
    s = 0.05 * (W_s @ x) + 0.95 * s
    h = sigmoid(U_s @ s + W_h @ x + U_h @ h)
    """,
    name="scrn",
    source="fast units beside slow ones; Mikolov et al. 2014, arXiv 1412.7753, "
    "alpha = 0.95, with as many slow units as fast ones, which reach the output through h only",
)

CELLS = (RNN, RNN_RELU, IRNN, INDRNN, SCRN)
