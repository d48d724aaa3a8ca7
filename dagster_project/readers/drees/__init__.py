"""Files of the DREES (Direction de la recherche, des études, de l'évaluation et des statistiques)."""
