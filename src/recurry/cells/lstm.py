"""Long short-term memory and its variants. Wherever there is a forget gate, its bias starts at 1.

Imports the compiler.
"""

from recurry.compiler.cell import Cell

_FORGET = {"b_f": 1}
_ABLATION = "without peepholes; Greff et al. 2017, arXiv 1503.04069"

LSTM = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + b_f)
    i = sigmoid(W_i @ x + U_i @ h + b_i)
    g = tanh(W_g @ x + U_g @ h + b_g)
    o = sigmoid(W_o @ x + U_o @ h + b_o)
    c = f * c + i * g
    h = o * tanh(c)
    """,
    name="lstm",
    initial=_FORGET,
    source="long short-term memory; Hochreiter and Schmidhuber 1997; forget gate, Gers et al. "
    "2000; torch.nn.LSTM (its two biases are one here); forget bias 1, Jozefowicz et al. 2015",
)

LSTM_PEEPHOLE = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + p_f * c + b_f)
    i = sigmoid(W_i @ x + U_i @ h + p_i * c + b_i)
    g = tanh(W_g @ x + U_g @ h + b_g)
    c = f * c + i * g
    o = sigmoid(W_o @ x + U_o @ h + p_o * c + b_o)
    h = o * tanh(c)
    """,
    name="lstm_peephole",
    initial=_FORGET,
    source="gates that read c; Gers and Schmidhuber 2000; Graves 2013, arXiv 1308.0850",
)

LSTM_COUPLED = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + b_f)
    g = tanh(W_g @ x + U_g @ h + b_g)
    o = sigmoid(W_o @ x + U_o @ h + b_o)
    c = f * c + (1 - f) * g
    h = o * tanh(c)
    """,
    name="lstm_coupled",
    initial=_FORGET,
    source=f"coupled input and forget gate (CIFG), {_ABLATION}",
)

LSTM_NO_FORGET = Cell.parse(
    """
    i = sigmoid(W_i @ x + U_i @ h + b_i)
    g = tanh(W_g @ x + U_g @ h + b_g)
    o = sigmoid(W_o @ x + U_o @ h + b_o)
    c = c + i * g
    h = o * tanh(c)
    """,
    name="lstm_no_forget",
    source=f"no forget gate (NFG), {_ABLATION}",
)

LSTM_NO_INPUT = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + b_f)
    g = tanh(W_g @ x + U_g @ h + b_g)
    o = sigmoid(W_o @ x + U_o @ h + b_o)
    c = f * c + g
    h = o * tanh(c)
    """,
    name="lstm_no_input",
    initial=_FORGET,
    source=f"no input gate (NIG), {_ABLATION}",
)

LSTM_NO_OUTPUT = Cell.parse(
    """
    f = sigmoid(W_f @ x + U_f @ h + b_f)
    i = sigmoid(W_i @ x + U_i @ h + b_i)
    g = tanh(W_g @ x + U_g @ h + b_g)
    c = f * c + i * g
    h = tanh(c)
    """,
    name="lstm_no_output",
    initial=_FORGET,
    source=f"no output gate (NOG), {_ABLATION}",
)

CELLS = (LSTM, LSTM_PEEPHOLE, LSTM_COUPLED, LSTM_NO_FORGET, LSTM_NO_INPUT, LSTM_NO_OUTPUT)
