"""The proof of an image: it is built, started as a platform starts it, spoken to, and stopped."""
