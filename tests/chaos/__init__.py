"""The chaos run: a real stack under a steady load while a monkey breaks it, and a ledger from outside that is audited.

``python -m chaos`` is the command; ``docs/chaos.md`` says what it proves and how.
"""
