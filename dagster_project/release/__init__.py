"""From a private stage file to a numbered release that readers can open at any moment."""
