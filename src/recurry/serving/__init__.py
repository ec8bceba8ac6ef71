"""The page of `recurry look`: an HTTP application that shows a model in a browser.

Comes in: a model and a text. Goes out: pages, JSON, pictures, tables. May import rank 6 and below.
"""
