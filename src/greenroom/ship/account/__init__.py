"""What the two targets on RunPod, endpoints and pods, do alike: the file that declares one, its mark, the checks."""
