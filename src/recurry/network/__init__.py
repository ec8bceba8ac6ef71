"""Networks: cells with weights, in layers and directions, and a softmax over symbols behind them.

Comes in: cells, sizes, batches of sequences. Goes out: outputs, states, scores of symbols.
May import: backends, cells, compiler, data, errors.
"""
