"""Has torch take memory as the product has it: to be imported before torch, for then it is too late."""

from greenroom.runtime.cuda import prefer_growing_memory

prefer_growing_memory()
