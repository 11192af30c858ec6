"""Messages on their way out: claimed under a lease, attempted, recorded; a hung bank delays nobody else."""
