"""One course for every release, wherever it runs: checked, written down, brought about, proved and reported.

``deploying`` is the course. A target (``ship.endpoints`` on RunPod, ``ship.hosts`` with Docker Compose) says what is to
be done there: ``target`` holds what it must offer, ``rollout`` and ``beside`` what targets share.
"""
