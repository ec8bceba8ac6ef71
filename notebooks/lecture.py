# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Recurrent networks, from the first letter to the inside of a model
#
# This lecture can be read as a page, and run as a notebook: open `notebooks/lecture.py` in an
# editor that knows `# %%` cells, or what `make notebook` writes in Jupyter. Every step takes
# seconds on a laptop, and every picture is made by the code above it. You need some Python and to
# know what a derivative is. Change numbers, run a step again, and see what happens; most parts end
# with something to try.

# %%
import tempfile
from pathlib import Path

import numpy as np
import torch
from IPython.display import SVG
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

import recurry
from pictures import bars, curves, dots, matrix, means, painted

torch.manual_seed(0)
rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. A corpus
#
# A **corpus** is a text to learn from. Ours lies inside the package: plays of Shakespeare, about a
# million characters.

# %%
from recurry.data import shakespeare_path

text = shakespeare_path().read_text()
print(f"{len(text):,} characters\n")
print(text[:170])

# %% [markdown]
# Characters are not equally frequent. That alone is something that a model can learn.

# %%
counts = {symbol: text.count(symbol) for symbol in sorted(set(text))}
frequent = sorted(counts, key=lambda symbol: -counts[symbol])[:12]
shares = {repr(symbol): 100 * counts[symbol] / len(text) for symbol in frequent}
bars("The twelve most frequent characters", shares, unit="% of all characters")

# %% [markdown]
# **Try.** How many different characters are there?
#
# <details><summary>Answer</summary>
#
# `len(counts)` is 65: letters in both cases, the blank, the line end, punctuation, and a single 3.
#
# </details>
#
# ## 2. Tokens
#
# A network reads a text piece by piece. A piece is called a **token** or a symbol. What a symbol
# is, we choose: a character, or a word. Words are meaningful, but there are many of them.

# %%
from recurry.data.words import Words

tokens = Words().split(text)
print(tokens[:16])
print(f"{len(tokens):,} tokens, {len(set(tokens)):,} different ones")

# %% [markdown]
# Most of them are rare, as in every text.

# %%
_, word_counts = np.unique(tokens, return_counts=True)
shares = {
    "once": np.mean(word_counts == 1),
    "2 to 9 times": np.mean((word_counts >= 2) & (word_counts < 10)),
    "10 to 99 times": np.mean((word_counts >= 10) & (word_counts < 100)),
    "100 times and more": np.mean(word_counts >= 100),
}
bars("How often the different tokens occur", shares, unit="share of all different tokens")

# %% [markdown]
# What has been seen once can hardly be learnt. Characters have no such trouble.
#
# **Try.** How many characters does the text have for each token?
#
# <details><summary>Answer</summary>
#
# `len(text) / len(tokens)` is 3.8, blanks included. So a network that reads characters needs
# nearly four times as many steps for the same text.
#
# </details>
#
# ## 3. Stems
#
# *Love*, *loves* and *loved* are three tokens that mean nearly the same. A **stemmer** cuts words
# down to a stem, so that their examples are counted together.

# %%
from recurry.data.stemming import stemmer

stem = stemmer("english")
for word in ("love", "loves", "loved", "loving", "lovely", "nature", "natural"):
    print(f"{word:10} {stem(word)}")

# %%
words = {token.lower() for token in tokens if token.isalpha()}
stems = {stem(word) for word in words}
sizes = {
    "tokens": len(set(tokens)),
    "words in lower case": len(words),
    "stems": len(stems),
}
bars(
    "What is left of the vocabulary",
    {name: size / 1000 for name, size in sizes.items()},
    unit="thousands of different ones",
)

# %% [markdown]
# Stems help to find and to classify texts. They are of no use for writing, because nobody can tell
# which ending was cut off. From here on a symbol is a character.
#
# **Try.** The stemmer also makes mistakes. Find two words that should not have the same stem.
#
# <details><summary>Answer</summary>
#
# For instance `stem("several") == stem("sever")`.
#
# </details>
#
# ## 4. One-hot vectors
#
# A network computes with vectors. So each symbol gets a number, and the number becomes a vector
# that is 0 everywhere but has a 1 at that number: a **one-hot** vector.

# %%
from recurry.data import one_hot

symbols = sorted(set(text))
number = {symbol: index for index, symbol in enumerate(symbols)}


def encode(piece):
    """The numbers of the characters."""
    return torch.tensor([number[symbol] for symbol in piece])


alphabet = sorted(set("hello world"))
vectors = one_hot([alphabet.index(symbol) for symbol in "hello world"], len(alphabet))
matrix(
    "hello world, one-hot",
    vectors,
    rows=list("hello world"),
    columns=alphabet,
)

# %% [markdown]
# A matrix times a one-hot vector picks one column of the matrix. So the first thing that a network
# does with a symbol is to look up a vector that belongs to it.

# %%
W = torch.randn(4, 65)
x = functional.one_hot(torch.tensor(number["e"]), 65).float()
assert torch.equal(W @ x, W[:, number["e"]])

# %% [markdown]
# ## 5. What is to be learnt
#
# The task of a **language model**: read a text and say at each place which symbol comes next, with
# a probability for each. The **loss** is minus the logarithm of the probability that the right one
# got: 0 if the model was certain, large if it was surprised. Its mean is measured in **nats** a
# character.
#
# Without any network we can guess equally, or by frequency, or by the last character alone.

# %%
ids = encode(text)
train_ids, test_ids = ids[:1_000_000], ids[1_000_000:]

pairs = torch.ones(65, 65)  # how often b follows a, and one more, so that nothing is impossible
pairs.index_put_((train_ids[:-1], train_ids[1:]), torch.tensor(1.0), accumulate=True)
by_last = (pairs / pairs.sum(1, keepdim=True)).log()
by_frequency = (pairs.sum(0) / pairs.sum()).log()

baselines = {
    "all 65 equally": float(np.log(65)),
    "by frequency": float(-by_frequency[test_ids].mean()),
    "by the last character": float(-by_last[test_ids[:-1], test_ids[1:]].mean()),
}
bars("Loss on text that was not learnt from", baselines, unit="nats a character; less is better")

# %% [markdown]
# To do better, one has to remember more than the last character. But the number of possible pasts
# grows with every step. A recurrent network keeps a **state** of fixed size instead, and learns
# what to keep in it.
#
# **Try.** What is the loss of a model that gives the right character a probability of 1/2 each
# time?
#
# <details><summary>Answer</summary>
#
# ln 2 = 0.69 nats, or 1 bit.
#
# </details>
#
# ## 6. The simple cell
#
# The **cell** says how the state changes in one step. `x` is the vector that comes in, `h` the
# state. On the right of the equals sign `h` is the state before, on the left the state after.

# %%
cell = recurry.Cell.parse("h = tanh(W @ x + U @ h + b)", name="simple")
SVG(cell.draw())

# %% [markdown]
# `W`, `U` and `b` are what is learnt: how much of the new symbol comes in, how much of the old
# state stays, and what is there anyway. `tanh` keeps every number between -1 and 1.
#
# Here are eleven steps by hand, and the same by Recurry's layer.

# %%
layer = recurry.Recurrent(cell, input_size=8, hidden_size=16)
weights = {name.split(".")[-1]: w.detach() for name, w in layer.named_parameters()}
inputs = functional.one_hot(torch.from_numpy(vectors).argmax(1), 8).float()  # hello world

h, states = torch.zeros(16), []
for x in inputs:
    h = torch.tanh(weights["W"] @ x + weights["U"] @ h + weights["b"])
    states.append(h)

output, last = layer(inputs[:, None])  # (T, B, I): steps, sequences side by side, input
assert torch.allclose(torch.stack(states), output[:, 0], atol=1e-5)
matrix(
    "The state while it reads",
    output[:, 0].detach().T,
    rows=[f"unit {unit}" for unit in range(16)],
    columns=list("hello world"),
    signed=True,
)

# %% [markdown]
# Look at the three columns of the letter *l*: the same letter came in, but the state differs,
# because it also depends on what came before. That is memory.
#
# **Try.** Draw the same picture for the cell `h = tanh(W @ x + 0.9 * h)`. What do the rows look
# like now?
#
# <details><summary>Answer</summary>
#
# Each unit remembers by itself, and what it was told fades slowly: the rows become smooth.
#
# </details>
#
# ## 7. Unrolling
#
# A recurrent network is a loop. For each step it uses the *same* weights.

# %%
from recurry.compiler.draw_network import draw_network

SVG(draw_network(cell_name="simple", num_layers=2))

# %% [markdown]
# Laid out along time, **unrolled**, the loop is an ordinary deep network: as many layers as there
# are steps, all with the same weights. Everything that is known about deep networks applies to it,
# the way to compute gradients and the trouble with them, too.

# %%
SVG(draw_network(cell_name="simple", num_layers=2, steps=4))

# %% [markdown]
# ## 8. Back-propagation through time, and cutting it short
#
# To learn, we need to know how the loss changes with every weight: the **gradient**. It is
# computed from the last step back to the first, through the unrolled network. How much does the
# output after 40 steps change with the input at each step?

# %%
layer = recurry.Recurrent("rnn", 10, 32)
x = (0.3 * torch.randn(40, 1, 10)).requires_grad_()

output, _ = layer(x)
output[-1].sum().backward()
whole = x.grad.norm(dim=2)[:, 0].numpy().copy()

# %% [markdown]
# A text has a million steps, and nobody can go back through all of them. In **truncated**
# back-propagation the text is read in windows. The state goes on from one window into the next,
# but the gradient stops at the border: `detach` keeps the numbers and forgets where they came
# from.

# %%
x.grad = None
_, state = layer(x[:25])
output, _ = layer(x[25:], state.detach())
output[-1].sum().backward()
cut = x.grad.norm(dim=2)[:, 0].numpy().copy()

curves(
    "How much the output at step 40 changes with the input at each step",
    {"through all steps": whole, "cut after step 25": cut},
    x="step",
    y="norm of the gradient",
    log=True,
)

# %% [markdown]
# From step 26 on both lines are the same; before it one of them is 0, which cannot be drawn here.
# What happened before the border still shapes the state, but the network is not told any more how
# it should have been otherwise.
#
# **Try.** In Recurry the length of a window is the setting `window.k1`. What does a window of 1
# step learn?
#
# <details><summary>Answer</summary>
#
# To use what the state happens to hold, never to put anything into it on purpose.
#
# </details>
#
# ## 9. Gradients that vanish, gradients that explode
#
# Each step back multiplies the gradient by `U` once more. In a cell without tanh, and with a `U`
# that turns vectors and makes them r times as long, nothing else happens: after k steps the
# gradient is r to the power k times as long.

# %%
linear = recurry.Cell.parse("h = W @ x + U @ h", name="linear")


def gradient_norms(layer, steps=60):
    """How much the last output changes with the input k steps before, for k from 1."""
    x = torch.randn(steps, 1, layer.input_size, requires_grad=True)
    output, _ = layer(x)
    direction = functional.normalize(torch.ones(layer.hidden_size), dim=0)
    (output[-1, 0] @ direction).backward()
    return x.grad.norm(dim=2)[:, 0].flip(0).numpy()


norms = {}
for r in (0.9, 0.99, 1.0, 1.01, 1.1):
    layer = recurry.Recurrent(linear, 32, 32)
    weights = {name.split(".")[-1]: w for name, w in layer.named_parameters()}
    with torch.no_grad():
        weights["W"].copy_(torch.eye(32))
        weights["U"].mul_(r)  # orthogonal matrices turn vectors and keep their length
    norms[f"r = {r}"] = gradient_norms(layer)
    assert np.allclose(norms[f"r = {r}"], r ** np.arange(60), rtol=1e-4)

curves(
    "The gradient after k steps back is r to the power k",
    norms,
    x="steps back",
    start=0,
    y="norm of the gradient",
    log=True,
)

# %% [markdown]
# Below 1 the gradient **vanishes**: the network cannot see what a mistake had to do with something
# long ago. Above 1 it **explodes**: the smallest change turns everything upside down. Only around
# 1 do 60 steps lie within reach, and nothing holds r there during training.
#
# The tanh makes it harder still. Its slope is 1 at most, and nearly 0 where its input is large.

# %%
norms = {}
for scale in (0.5, 1.0, 1.5, 2.5):
    layer = recurry.Recurrent("rnn", 32, 128)
    weights = {name.split(".")[-1]: w for name, w in layer.named_parameters()}
    with torch.no_grad():
        weights["U_h"].mul_(scale)
    norms[f"U times {scale}"] = gradient_norms(layer)
curves("The same through tanh", norms, x="steps back", start=0, y="norm of the gradient", log=True)

# %% [markdown]
# **Try.** With r = 0.99, after how many steps is one per cent of the gradient left?
#
# <details><summary>Answer</summary>
#
# After ln 0.01 / ln 0.99 = 458 steps. With r = 0.9 after 44.
#
# </details>
#
# ## 10. Clipping
#
# A gradient that explodes can undo with one update all that was learnt. The remedy is simple.
# Where the gradient is longer than some limit, keep its direction and **clip** its length.
#
# The next step trains the same network twice on Shakespeare, with a learning rate that is too high
# and a `U` that is too large, so that the trouble comes soon.

# %%


def unstable(limit, updates=80, rate=2.0):
    """Losses and lengths of gradients while a simple network learns Shakespeare, without Adam."""
    torch.manual_seed(0)
    starts = np.random.default_rng(0).integers(0, 900_000, (updates, 16))
    layer, head = recurry.Recurrent("rnn", 65, 64), torch.nn.Linear(64, 65)
    weights = [*layer.parameters(), *head.parameters()]
    with torch.no_grad():
        dict(layer.named_parameters())["layers.0.forward.U_h"].mul_(1.5)
    losses, lengths = [], []
    for row in starts:
        window = torch.stack([ids[start : start + 41] for start in row], 1)
        output, _ = layer(functional.one_hot(window[:-1], 65).float())
        loss = functional.cross_entropy(head(output).flatten(0, 1), window[1:].flatten())
        gradients = torch.autograd.grad(loss, weights)
        length = torch.stack([gradient.norm() for gradient in gradients]).norm()
        factor = min(1.0, limit / length.item())
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= rate * factor * gradient
        losses.append(loss.item())
        lengths.append(length.item())
    return losses, lengths


free, free_lengths = unstable(limit=float("inf"))
clipped, clipped_lengths = unstable(limit=0.3)
curves(
    "Training with and without clipping",
    {"as it comes": free, "clipped at 0.3": clipped},
    x="updates",
    y="loss (nats a character)",
    log=True,
)

# %%
curves(
    "How long the gradient was, before clipping",
    {"as it comes": free_lengths, "clipped at 0.3": clipped_lengths},
    x="updates",
    y="norm of the gradient",
    log=True,
)

# %% [markdown]
# Clipping is no cure for vanishing gradients: nothing can be cut off where nothing is left. For
# that one has to change the cell (parts 13 to 15).
#
# **Try.** Which limit is too small?
#
# <details><summary>Answer</summary>
#
# With `limit=0.001` nothing explodes, and hardly anything is learnt in 80 updates either: every
# step is tiny.
#
# </details>
#
# ## 11. A character model
#
# Now a real one: one layer of 128 units with the cell `lstm` (part 13), which reads the training
# text twice. Recurry's training does what parts 5 to 10 said: windows of 64 steps, states that are
# carried over, clipping at 1. It holds back the last tenth to see what was learnt.

# %%
run = Path(tempfile.mkdtemp()) / "shakespeare"
model = recurry.train_language_model(
    shakespeare_path(),
    run=run,
    overrides={
        "network.cell": "lstm",
        "network.hidden_size": 128,
        "network.embedding_size": 32,
        "training.epochs": 2,
        "training.lanes": 16,
        "optimiser.learning_rate": 5e-3,
    },
)
print(f"{model.scores['validation_loss_nats']:.3f} nats a character on text that was held back")
SVG(filename=run / "curves.svg")

# %% [markdown]
# The model writes by drawing a character from the probabilities that it gives, reading it, and so
# on. The **temperature** makes it bolder (below 1) or more surprising (above).

# %%
for temperature in (0.4, 0.8, 1.2):
    sampling = recurry.Sampling(temperature=temperature)
    print(f"--- temperature {temperature}")
    print(recurry.generate(model, "\nKING HENRY:\n", length=160, sampling=sampling, seed=1)[0])

# %%
baselines["this model"] = model.scores["validation_loss_nats"]
bars("Loss on text that was not learnt from", baselines, unit="nats a character; less is better")

# %% [markdown]
# It has learnt to spell, where lines end, and who speaks in capitals: from nothing but predicting
# the next character.
#
# **Try.** Train a `"rnn"` in the same way, and a `"gru"`. Which one is best?
#
# <details><summary>Answer</summary>
#
# We found 1.78 nats for `rnn`, 1.71 for `lstm` and 1.67 for `gru`. More units and more passes help
# all of them: `make demo` reaches 1.50 with an LSTM.
#
# </details>
#
# ## 12. What cells hold
#
# The state of each unit is a number at every step, so we can colour the text with it. These are
# the four units that vary most over a passage: blue is -1, red is +1.

# %%
from recurry.inspection.interest import most_varying

start = text.index("\n\n", 1_010_000) + 2  # where somebody begins to speak
passage = text[start : start + 420]
recording = recurry.record(model, passage)
pieces = recording.symbols.pieces
cells = most_varying(recording, 4)
painted(
    "Four cells over a passage of Shakespeare",
    pieces,
    {address.title: recording.painted(address) for address in cells},
)

# %% [markdown]
# Nobody told these units what to do. Some of them can be read: look for one that drifts along each
# line and starts again at its end, or one that changes in the names of speakers. Most cannot be
# read; what they hold is shared by many.
#
# A guess should be tested, and not where it was made: of 128 units some always fit a passage well.
# Here the unit that goes most with the position in the line is chosen on another passage, and then
# tested on this one.


# %%
def column(lines):
    """The position of each character in its line."""
    return np.array([len(lines[: place + 1].split("\n")[-1]) for place in range(len(lines))])


def agreement(held, wanted):
    """The correlation of each unit with something, from -1 to 1."""
    return np.array([np.corrcoef(unit, wanted)[0, 1] for unit in held.T])


elsewhere = text[1_020_000:1_024_000]
chosen_on = np.tanh(recurry.record(model, elsewhere).values("c", layer=0))  # (T, H): steps, units
found = agreement(chosen_on, column(elsewhere))
best = int(np.argmax(np.abs(found)))
sign = np.sign(found[best])

held = np.tanh(recording.values("c", layer=0))
tested = sign * agreement(held, column(passage))[best]
print(f"unit {best}: correlation {abs(found[best]):.2f} where it was chosen, {tested:.2f} here")
painted(
    "The unit that was chosen elsewhere, on this passage",
    pieces,
    {
        f"unit {best}, times {sign:+.0f}": sign * held[:, best],
        "position in the line": 2 * column(passage) / column(passage).max() - 1,
    },
)

# %% [markdown]
# **Try.** Look for a unit that goes with capitals.
#
# <details><summary>Answer</summary>
#
# `np.array([symbol.isupper() for symbol in lines])` in the place of what `column` gives. Believe
# the second number only: the first is the best of 128.
#
# </details>
#
# ## 13. The LSTM
#
# The trouble of part 9 is the repeated product with `U`. **Long short-term memory** (Hochreiter
# and Schmidhuber 1997) keeps a second state, `c`, that is not multiplied by a matrix at all.

# %%
lstm = recurry.cell("lstm")
print(lstm.equations)

# %%
SVG(lstm.draw())

# %% [markdown]
# `f`, `i` and `o` are **gates**: numbers between 0 (shut) and 1 (open), one for each unit.
#
# - `c = f * c + i * g`: the forget gate `f` says how much of the memory stays, the input gate `i`
#   how much of the candidate `g` is added.
# - `h = o * tanh(c)`: the output gate `o` says how much of the memory is shown.
#
# On the direct way from `c` to `c` a step back multiplies the gradient by `f` and by nothing else.
# Where `f` is 1, it arrives whole, after any number of steps.
#
# ## 14. The GRU
#
# The **gated recurrent unit** (Cho et al. 2014) does with one state and two gates: `z` says how
# much of the old state stays, `r` how much of it the candidate sees.

# %%
gru = recurry.cell("gru")
print(gru.equations)

# %%
SVG(gru.draw())

# %% [markdown]
# Gates cost weights. These are the numbers for 64 inputs and 128 units:

# %%
num_weights = {
    name: sum(np.prod(shape) for shape in recurry.cell(name).parameter_shapes(64, 128).values())
    for name in ("rnn", "gru", "lstm")
}
bars(
    "Weights of a layer",
    {name: count / 1000 for name, count in num_weights.items()},
    unit="thousands of weights",
)

# %% [markdown]
# **Try.** Write a cell of your own, for instance an LSTM whose input gate is `1 - f`. Draw it.
#
# <details><summary>Answer</summary>
#
# Take the equations, leave out the line of `i`, and write `c = f * c + (1 - f) * g`. It is built
# in as `lstm_coupled`, and needs a quarter fewer weights.
#
# </details>
#
# ## 15. Why the forget bias starts at 1
#
# Before anything is learnt, the gate `f` is about sigmoid(b_f). With `b_f` = 0 that is 1/2, so
# after 25 steps 1/2 to the power 25 of the memory is left: one part in 30 million. With `b_f` = 1
# it is 0.73, which leaves 0.04 %; with `b_f` = 2 it is 0.88, which leaves 4 %.
#
# Does that matter? The smallest task that needs memory: the first of 25 symbols is one of four and
# has to be named at the end; 24 symbols of noise come between.

# %%
from recurry.network.pooled import Pooled


def learn(parts, loss, *, updates, rate=0.005):
    """Train with Adam and clipping; the mean loss at each update."""
    weights = [weight for part in parts for weight in part.parameters()]
    optimiser = torch.optim.Adam(weights, lr=rate)
    losses = []
    for _ in range(updates):
        nats, count = loss()
        optimiser.zero_grad()
        (nats / count).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        losses.append(nats.item() / count)
    return losses


def remember(cell, steps=25, updates=150):
    """Losses while a layer learns to name the first symbol at the end."""
    torch.manual_seed(0)
    layer, head = recurry.Recurrent(cell, 8, 32), Pooled(32, 4, pooling="last")

    def loss():
        first = torch.randint(4, (32,))
        noise = torch.randint(4, 8, (steps - 1, 32))
        x = functional.one_hot(torch.cat([first[None], noise]), 8).float()
        return head.loss(layer(x)[0], first)

    return learn([layer, head], loss, updates=updates)


memory = {}
for bias in (0, 1, 2):
    cell = recurry.Cell.parse(lstm.equations, name="lstm", initial={"b_f": bias})
    memory[f"forget bias {bias}"] = remember(cell)
curves(
    "An LSTM learns to remember one symbol for 25 steps",
    {name: means(losses) for name, losses in memory.items()},
    x="updates",
    y="loss (nats); guessing gives 1.39",
    step=10,
)

# %% [markdown]
# The same cell, the same data, the same random numbers: only the start differs. What reaches back
# through time at the start decides what can be learnt. Recurry's LSTMs start at 1, as is usual: a
# cell that holds on too firmly has to learn to forget.
#
# **Try.** Give `gru` an initial value `{"b_z": 2}`; its `z` is what `f` is in an LSTM. And try the
# cell `rnn`, whose `U` is orthogonal at the start.
#
# <details><summary>Answer</summary>
#
# With `b_z` = 2 the GRU learns it fast, and with 0 hardly. The simple cell learns it, too: an
# orthogonal `U` has r = 1 (part 9). Start it with `{"U_h": "normal(0.05)"}` and it learns nothing.
#
# </details>
#
# ## 16. Both directions, and a label for every step
#
# Sometimes the answer at a step depends on what comes *after*. Take a text without blanks: does a
# word end at this letter? After *the* one cannot know before the next letters have come. A layer
# in **both directions** has a second set of weights that reads from the end.

# %%
SVG(draw_network(cell_name="gru", num_layers=1, is_bidirectional=True, steps=4))

# %%
from recurry.network.aligned import Aligned

plain = ["".join(filter(str.isalpha, word)) for word in text.lower().split()]
letters = torch.tensor([ord(letter) - ord("a") for word in plain for letter in word])
ends = torch.tensor([place == len(word) for word in plain for place in range(1, len(word) + 1)])
ends = ends.long()
num_train = len(letters) - 5_000
held_letters = letters[num_train:].reshape(100, 50).T  # 100 sequences of 50 letters
held_ends = ends[num_train:].reshape(100, 50).T


def find_ends(both):
    """A layer and a head that have learnt where words end, and their losses."""
    torch.manual_seed(0)
    layer = recurry.Recurrent("gru", 26, 40 if both else 64, bidirectional=both)
    head = Aligned(layer.output_size, 2)

    def loss():
        places = torch.randint(num_train - 50, (32,))[None] + torch.arange(50)[:, None]
        output, _ = layer(functional.one_hot(letters[places], 26).float())
        return head.loss(output, ends[places])

    return layer, head, learn([layer, head], loss, updates=200, rate=0.01)


right, readers = {"never an end": float((held_ends == 0).float().mean())}, {}
for name, both in (("forwards only", False), ("both directions", True)):
    layer, head, _ = readers[name] = find_ends(both)
    found = head.decode(layer(functional.one_hot(held_letters, 26).float())[0])
    right[name] = float((found == held_ends).float().mean())
bars("Letters of which it is known whether a word ends there", right, unit="share that is right")

# %%
sentence = "tobeornottobethatisthequestion"
x = functional.one_hot(torch.tensor([ord(s) - ord("a") for s in sentence]), 26).float()[:, None]
painted(
    "How probable the end of a word is at each letter",
    sentence,
    {
        name: head.probabilities(layer(x)[0])[:, 0, 1].numpy()
        for name, (layer, head, _) in readers.items()
    },
)

# %% [markdown]
# Red letters are ends of words. A layer that reads forwards only can never be sure of one. The
# price: both directions need the whole sequence, so they cannot predict a text while it is being
# written.
#
# **Try.** Give the forward layer one letter of the future: ask at each letter about the one
# *before*.
#
# <details><summary>Answer</summary>
#
# Roll the labels by one step, `ends = ends.roll(1)`, and cut `held_ends` anew: 88 % are right
# then, and with two steps 91 %. A short delay buys most of what the second direction gives.
#
# </details>
#
# ## 17. Four shapes of problem
#
# A recurrent layer turns vectors into vectors. What it is used for depends on what is read from
# it:
#
# | shape | in, out | here |
# |---|---|---|
# | many to one | a sequence, one answer | is this line turned round? |
# | one to many | one vector, a sequence | a number in words |
# | aligned | a label for every step | ends of words (part 16) |
# | encoder and decoder | a sequence, another one | dates |
#
# ### Many to one
#
# Half of the lines are written backwards. Which? The state after the last letter goes into a
# classifier. All letters are small, or else a capital at the beginning would give it away.

# %%
lines = [line[:30].lower() for line in text.splitlines() if len(line) >= 30]
torch.manual_seed(0)
layer, head = recurry.Recurrent("gru", 65, 48), Pooled(48, 2, pooling="last")


def draw_lines(count):
    """Lines, half of them turned, and which."""
    turned = rng.integers(2, size=count)
    chosen = [
        line[::-1] if is_turned else line
        for line, is_turned in zip(rng.choice(lines, count), turned)
    ]
    return torch.stack([encode(line) for line in chosen], 1), torch.from_numpy(turned)


def turned_loss():
    read, turned = draw_lines(64)
    lengths = rng.integers(1, 31, 64).tolist()  # decide after so many letters
    return head.loss(layer(functional.one_hot(read, 65).float())[0], turned, lengths)


turned_losses = learn([layer, head], turned_loss, updates=200, rate=0.01)
curves(
    "Is a line turned round?",
    {"loss": means(turned_losses)},
    x="updates",
    y="loss (nats); guessing gives 0.69",
    step=10,
)

# %% [markdown]
# Because the layer reads from left to right, we can ask it after every letter what it thinks so
# far.


# %%
def belief(line):
    """The probability that a line is turned, after each of its letters, as -1 to 1."""
    output, _ = layer(functional.one_hot(encode(line), 65).float()[:, None])
    output = output.expand(-1, len(line), -1)
    return 2 * head.probabilities(output, range(1, len(line) + 1))[:, 1].numpy() - 1


line = "to be, or not to be, that is"
for piece in (line, line[::-1]):
    print(f"{piece}   turned: {(belief(piece)[-1] + 1) / 2:.3f}")
painted("Blue: reads as written; red: turned round", line, {"as written": belief(line)})

# %%
painted(
    "Blue: reads as written; red: turned round", line[::-1], {"turned round": belief(line[::-1])}
)

# %% [markdown]
# ### One to many
#
# One vector goes in, and a sequence comes out: the three digits of a number, and how it is spelt.
# The network sees 400 of the numbers below 1,000. Can it spell the others?

# %%
from recurry.network.decoding import search
from recurry.network.seeded import Seeded

small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
small = [*small.split(), "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
signs = "<> -abcdefghijklmnopqrstuvwxyz"  # < stands before a text, > ends it


def spell(value):
    """A number below 1,000 in words."""
    if value >= 100:
        rest = f" {spell(value % 100)}" if value % 100 else ""
        return f"{small[value // 100]} hundred{rest}"
    if value < 20:
        return small[value]
    return tens[value // 10 - 2] + (f"-{small[value % 10]}" if value % 10 else "")


def digits(values):
    """Three one-hot digits for each number."""
    three = torch.tensor([[value // 100, value // 10 % 10, value % 10] for value in values])
    return functional.one_hot(three, 10).flatten(1).float()


order = rng.permutation(1000).tolist()
known, unknown = order[:400], order[400:]
torch.manual_seed(0)
speller = Seeded(
    recurry.Recurrent("gru", 48, 96), len(signs), vector_size=30, feed="every", begin=0
)


def spell_loss():
    values = rng.choice(known, 64).tolist()
    wanted = [torch.tensor([signs.index(sign) for sign in spell(value) + ">"]) for value in values]
    return speller.loss(digits(values), pad_sequence(wanted), [len(one) for one in wanted])


spell_losses = learn([speller], spell_loss, updates=250, rate=0.01)


def write(values):
    """What the network spells, taking the most probable letter at each step."""
    with torch.no_grad():
        paths = search(speller.writer(digits(values)), length=40, end=1)
    return ["".join(signs[index] for index in path[0].symbols).rstrip(">") for path in paths]


for value, words in zip(unknown[:8], write(unknown[:8])):
    print(f"{value:3} {words}{'' if words == spell(value) else '   (wrong)'}")
spelt = {
    name: float(np.mean([words == spell(value) for words, value in zip(write(values), values)]))
    for name, values in (("seen in training", known), ("never seen", unknown))
}
bars("Numbers that are spelt without a mistake", spelt, unit="share of them")

# %% [markdown]
# It has not learnt a list by heart: it has learnt what a digit means at its place.
#
# ### Encoder and decoder
#
# A sequence goes in, and another one of another length comes out. A first network, the
# **encoder**, reads; a second one, the **decoder**, writes. At every step the decoder may look
# back at what was read: **attention** gives a weight to each letter of the source.

# %%
from recurry.network.translated import Source, Translated, TranslatedConfig
from recurry.tasks.attention_picture import Attended, attention_svg

months = "january february march april may june july august september october november december"
months = months.split()
marks = "<> ,-0123456789abcdefghijklmnopqrstuvwxyz"


def numbers(piece):
    return torch.tensor([marks.index(mark) for mark in piece])


def draw_dates(count):
    """Dates as people write them, and as computers do."""
    for year, month, day in rng.integers([1900, 0, 1], [2030, 12, 29], (count, 3)):
        yield f"{months[month]} {day}, {year}", f"{year}-{month + 1:02}-{day:02}"


def as_source(pieces):
    return Source(
        ids=pad_sequence([numbers(piece) for piece in pieces]), lengths=[*map(len, pieces)]
    )


torch.manual_seed(0)
config = TranslatedConfig(cell="gru", embedding_size=24, hidden_size=64)
translator = Translated(config, num_source=len(marks), num_target=len(marks), begin=0)


def date_loss():
    sources, answers = zip(*draw_dates(32))
    wanted = [numbers(answer + ">") for answer in answers]
    return translator.loss(as_source(sources), pad_sequence(wanted), [*map(len, wanted)])


date_losses = learn([translator], date_loss, updates=150, rate=0.01)
translator.eval()
dates = [*draw_dates(100)]
with torch.no_grad():
    paths = search(translator.writer(as_source([given for given, _ in dates])), length=15, end=1)
written = ["".join(marks[index] for index in path[0].symbols).rstrip(">") for path in paths]
right_dates = sum(answer == wanted for answer, (_, wanted) in zip(written, dates))
print(f"{right_dates} of 100 dates right")
for (given, _), answer in [*zip(dates, written)][:4]:
    print(f"{given:20} {answer}")

# %%
given, wanted = "july 20, 1969", "1969-07-20"
with torch.no_grad():
    encoded = translator.encode(as_source([given]))
    before = numbers("<" + wanted[:-1])[:, None]
    _, attended = translator.attend(encoded, before)
SVG(attention_svg([Attended(source=given, target=wanted, weights=attended[:, 0].numpy())]))

# %% [markdown]
# Each row was written from the dark columns: the month from its name, the day from the day. Nobody
# told the network which letters belong together. Not every weight lies on the very letter that one
# expects, because the encoder reads both ways: what stands beside a digit knows of it, too.
#
# **Try.** What does it make of `"brumaire 18, 1799"`?
#
# <details><summary>Answer</summary>
#
# It must write some month, for it has never seen a date without one. A network always answers,
# also where it knows nothing.
#
# </details>
#
# ## 18. Inside a model
#
# Back to the character model of part 11. Besides the states we can look at the gates: every name
# in the equations has a value at every step.

# %%
gates = {name: recording.values(name, layer=0) for name in ("f", "i", "o")}
shown = slice(0, 48)
restless = np.argsort(-gates["f"].std(0))[:12]
matrix(
    "The twelve forget gates that move most: dark is open, white is shut",
    gates["f"][shown][:, restless].T,
    rows=[f"unit {unit}" for unit in restless],
    columns=[piece.replace("\n", "↵") for piece in pieces[shown]],
)

# %% [markdown]
# A gate below 0.1 is nearly shut, one above 0.9 nearly open. Each dot is a unit: how often is its
# gate shut, how often open? Karpathy, Johnson and Fei-Fei drew this picture in 2015.

# %%
saturation = {
    {"f": "forget gate", "i": "input gate", "o": "output gate"}[name]: np.stack(
        [(gates[name] < 0.1).mean(0), (gates[name] > 0.9).mean(0)], axis=1
    )
    for name in ("f", "i", "o")
}
dots(
    "How often gates are nearly shut and nearly open",
    saturation,
    x="share of steps below 0.1",
    y="share of steps above 0.9",
)

# %% [markdown]
# Units in the upper left corner of the forget gate remember nearly always; they carry what the
# model knows over long stretches. A unit with f around 0.99 forgets within about 1 / (1 - 0.99) =
# 100 steps.

# %%
memory_steps = 1 / (1 - np.minimum(gates["f"].mean(0), 0.999))
longest = np.argsort(-memory_steps)[:10]
bars(
    "The ten units with the longest memory",
    {f"unit {unit}": memory_steps[unit] for unit in longest},
    unit="steps until about a third is left",
)

# %% [markdown]
# And what does the model expect at each place? Where it is surprised, something begins that could
# not be known.

# %%
surprise = recording.loss[1:]  # the first character is not predicted
painted("Surprise: red is 4 nats or more", passage[1:], {"surprise": np.minimum(surprise / 4, 1)})

# %% [markdown]
# On average the first letter of a word surprises more than the letters behind it: once a word has
# begun, there are fewer ways to go on.
#
# ## Where to go from here
#
# - `make demo` trains a larger model and writes a page about it: [first
#   steps](../docs/first-steps.md).
# - Your own equations are a cell: [the equation language](../docs/equations.md), [built-in
#   cells](../docs/cells.md).
# - The shapes of part 17 with real data: [tasks](../docs/tasks.md), [heads](../docs/heads.md).
# - More of what a model has in mind: [inspection](../docs/inspection.md).
