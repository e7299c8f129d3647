"""The proof of the oversight: a scripted month of 100,000 generations with known numbers, faults and price changes.

`script` says what happens and what it comes to, by its own arithmetic and its own copy of the price list (the shared
catalogue); `writing` puts it into a database of its own through the ledger's real triggers, with the clock of the day;
the tests compare every figure of every page with sums over the script.
"""
