"""The names of the tasks that come with the package; importing this loads nothing else."""

LANGUAGE = "language"

# What a text is cut into -> one of them.
SYMBOLS = {"characters": "character", "bytes": "byte", "words": "word", "bpe": "token"}

# name -> (module, class)
TASKS: dict[str, tuple[str, str]] = {
    LANGUAGE: ("recurry.tasks.language_task", "LanguageTask"),
    "classify": ("recurry.tasks.classify", "Classify"),
    "tag": ("recurry.tasks.tag", "Tag"),
    "translate": ("recurry.tasks.translate", "Translate"),
    "series": ("recurry.tasks.series", "Series"),
    "summarise": ("recurry.tasks.summarise", "Summarise"),
    "fill": ("recurry.tasks.fill", "Fill"),
    "conditional": ("recurry.tasks.conditional", "Conditional"),
}
