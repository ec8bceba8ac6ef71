"""What every time loop refuses, in the same words.

Comes in: nothing. Goes out: errors. Imports errors.
"""

from recurry.errors import UsageError


def refuse_second_derivatives() -> UsageError:
    """The error for a derivative of a derivative."""
    return UsageError(
        "The time loop gives no gradients of gradients.",
        got="create_graph=True, or a derivative of a derivative",
        hint="differentiate once, or use a torch.nn module: layer.to_torch()",
    )
