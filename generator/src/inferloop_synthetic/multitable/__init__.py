"""Several tables that refer to each other by keys.

How many children a row has is a column of the row, learned with the others, so that it depends on them and may be none. A child
is drawn given the group that its parent belongs to, and groups of parents are those whose children differ. The second parent of a
child is found by the group that the child wants and by how many children each row of the second parent is to have. Keys are made
from row numbers, so every reference holds by construction.
"""
