"""From producers' own catalogues to editions in ``raw/``: discover, download, archive. Nothing here reads a figure."""
