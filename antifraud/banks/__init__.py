"""The directory: institutions, how they are reached, their keys, and the nonces that they have used."""
