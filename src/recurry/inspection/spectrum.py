"""The eigenvalues of what multiplies a state.

In a linear cell they say by how much one step stretches or shrinks it. In others a gate or a tanh
lies between, and a state may be carried on past the matrix.

Comes in: a layer. Goes out: complex numbers for each recurrent parameter. Imports the compiler and
network.
"""

import numpy as np

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Parameter, State
from recurry.inspection.subject import SubjectLayer
from recurry.network.layer import recurrent_matrices

# The work grows with the third power; for the largest layers of the literature it takes a minute.
LARGEST = 2048


def spectra(layer: SubjectLayer) -> dict[str, np.ndarray]:
    """The eigenvalues of each parameter that multiplies a state, by its name in the equations.

    Those of a matrix, and the entries of a vector that multiplies a state unit by unit, which is
    a matrix with nothing beside its diagonal.

    Args:
        layer: One layer of a model; of layers with more than 2048 units there is nothing.

    Returns:
        Name to H complex numbers, the largest first.
    """
    if layer.hidden_size > LARGEST:
        return {}
    values = {name: tensor.double().cpu().numpy() for name, tensor in layer.tensors.items()}
    matrices, vectors = recurrent_matrices(layer.cell), diagonal_vectors(layer.cell.graph)
    found = {
        name: np.linalg.eigvals(value) if name in matrices else value.astype(np.complex128)
        for name, value in values.items()
        if name in matrices or name in vectors
    }
    return {name: each[np.argsort(-np.abs(each), kind="stable")] for name, each in found.items()}


def diagonal_vectors(graph: Graph) -> frozenset[str]:
    """The vectors that multiply a state unit by unit.

    Example:
        >>> from recurry.cells import cell
        >>> sorted(diagonal_vectors(cell("indrnn").graph))
        ['u_h']
    """
    return frozenset(
        one.name
        for node in graph.nodes
        if isinstance(node, Binary) and node.function == "multiply"
        for one, other in ((node.left, node.right), (node.right, node.left))
        if isinstance(one, Parameter) and isinstance(other, State)
    )
