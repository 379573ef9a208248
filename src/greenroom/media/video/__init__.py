"""Video and pictures as frames: read with their exact times, written with all that came with them, cut into shots.

Frames are numpy arrays, RGB in display orientation; times are exact fractions of seconds. Needs PyAV.
"""

from greenroom.media.audio import require_av

require_av()
