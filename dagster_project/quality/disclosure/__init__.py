"""Statistical confidentiality: what may be told of restricted editions, and the proof that it gives nothing away."""
