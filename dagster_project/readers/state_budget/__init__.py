"""The State budget: credits voted, execution, and monthly position. Euros, France as a whole.

`population_group` says which part of the budget a cell is of: ``mission_<name>``, ``programme_304``, then what the
file divides it into, from the large to the small: ``_action_11``, ``_sous_action_02``, ``_titre_6``, ``_categorie_61``;
``_hors_titre_2`` is all but staff. Lines of the monthly position are ``line_<name>``. A programme is not the sum of
groups that overlap: take one depth.
"""
