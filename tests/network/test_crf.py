"""Chains of labels, against going through all sequences."""

import itertools

import torch
from torch import Tensor

from recurry.network.crf import Chain, best_path
from recurry.network.padding import Steps
from recurry.testing import assert_near

LENGTHS = [4, 0, 1, 3]


def random_chain(num_labels: int = 3) -> Chain:
    """A chain with scores away from zero."""
    chain = Chain(num_labels, dtype=torch.float64)
    for parameter in chain.parameters():
        torch.nn.init.normal_(parameter)
    return chain


def random_scores(num_labels: int = 3) -> tuple[Tensor, Steps]:
    """Scores of a batch whose padding holds no numbers."""
    scores = torch.randn(4, len(LENGTHS), num_labels, dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        scores[length:, stream] = 1e3
    return scores, Steps.of(scores, LENGTHS)


def score_of(chain: Chain, scores: Tensor, path: tuple[int, ...]) -> Tensor:
    """The score of one sequence of labels."""
    total = chain.first[path[0]] + chain.last[path[-1]]
    total = total + sum(scores[t, label] for t, label in enumerate(path))
    return total + sum(chain.transitions[a, b] for a, b in itertools.pairwise(path))


def all_paths(chain: Chain, scores: Tensor) -> dict[tuple[int, ...], Tensor]:
    """Every sequence of labels with its score."""
    paths = itertools.product(range(scores.shape[1]), repeat=len(scores))
    return {path: score_of(chain, scores, path) for path in paths}


def test_likelihoods_and_marginals_equal_sums_over_all_sequences():
    chain, (scores, steps) = random_chain(), random_scores()
    labels = torch.randint(3, (4, len(LENGTHS)))
    found, marginals = chain.log_likelihood(scores, labels, steps), chain.marginals(scores, steps)
    for stream, length in enumerate(LENGTHS):
        if not length:
            assert found[stream] == 0
            assert not marginals[:, stream].any()
            continue
        paths = all_paths(chain, scores[:length, stream])
        partition = torch.stack(list(paths.values())).logsumexp(0)
        mine = paths[tuple(labels[:length, stream].tolist())]
        assert_near(found[stream], mine - partition, "interpreter_float64", what="likelihood")
        expected = torch.zeros(4, 3, dtype=torch.float64)
        for path, score in paths.items():
            for t, label in enumerate(path):
                expected[t, label] += (score - partition).exp()
        assert_near(marginals[:, stream], expected, "interpreter_float64", what="marginals")


def test_gradients_equal_finite_differences():
    chain, (scores, steps) = random_chain(), random_scores()
    scores.clamp_(max=3).requires_grad_()
    labels = torch.randint(3, (4, len(LENGTHS)))
    weights = torch.randn(len(LENGTHS), dtype=torch.float64)
    leaves = (scores, *chain.parameters())

    def loss(scores: Tensor, *_: Tensor) -> Tensor:
        return chain.log_likelihood(scores, labels, steps) * weights

    assert torch.autograd.gradcheck(loss, leaves)


def test_the_best_path_is_the_best_of_all():
    chain, (scores, steps) = random_chain(), random_scores()
    moves = [value.detach() for value in (chain.transitions, chain.first, chain.last)]
    found = best_path(scores, *moves, steps)
    for stream, length in enumerate(LENGTHS):
        assert (found[length:, stream] == -1).all()
        if length:
            paths = all_paths(chain, scores[:length, stream])
            assert tuple(found[:length, stream].tolist()) == max(paths, key=lambda p: paths[p])


def test_what_may_not_come_does_not_come():
    scores = torch.randn(6, 5, 3)
    transitions = torch.zeros(3, 3)
    transitions[0, 0] = transitions[1, 1] = transitions[2, 2] = -torch.inf
    steps = Steps.of(scores, None)
    first, last = torch.tensor([-torch.inf, 0, 0]), torch.tensor([0, -torch.inf, -torch.inf])
    found = best_path(scores, transitions, first, last, steps)
    assert (found[1:] != found[:-1]).all()
    assert (found[0] != 0).all()
    assert (found[-1] == 0).all()


def test_scores_far_apart_stay_finite():
    chain, steps = random_chain(), Steps.of(torch.zeros(3, 1, 3), None)
    scores = torch.tensor([[0.0, -1e4, -1e4], [-1e4, 0, -1e4], [0, 0, -1e4]])[:, None].double()
    labels = torch.tensor([[0], [1], [0]])
    found, shares = chain.log_likelihood(scores, labels, steps), chain.marginals(scores, steps)
    expected = [score_of(chain, scores[:, 0], (0, 1, label)) for label in (0, 1)]
    assert_near(
        found[0],
        expected[0] - torch.stack(expected).logsumexp(0),
        "interpreter_float64",
        what="far",
    )
    assert torch.isfinite(shares).all()


def test_long_sequences_stay_finite():
    chain = random_chain()
    scores = torch.randn(3000, 1, 3, dtype=torch.float64) * 50
    labels = torch.zeros(3000, 1, dtype=torch.long)
    found = chain.log_likelihood(scores, labels, Steps.of(scores, None))
    assert torch.isfinite(found).all()
    assert found < 0


def test_no_steps_give_no_labels():
    scores = torch.zeros(0, 2, 3)
    found = best_path(
        scores, torch.zeros(3, 3), torch.zeros(3), torch.zeros(3), Steps.of(scores, None)
    )
    assert found.shape == (0, 2)
