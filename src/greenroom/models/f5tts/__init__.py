"""F5-TTS and E2 TTS: speech in the voice of a short recording. Source: arXiv 2410.06885, arXiv 2406.18009."""
