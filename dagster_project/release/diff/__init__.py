"""What changes from one release to the next: compared in SQL, judged by thresholds, told in French."""
