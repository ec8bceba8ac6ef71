"""What is kept: model files and checkpoints, written so that no crash can spoil them.

Comes in: a language model, or the tensors and the record of a training state. Goes out: one
`.safetensors` file, or a sealed folder; and the same things back, checked before they are used.
May import: tasks and below; not training.
"""
