"""Nodes for ComfyUI that let a greenroom server do the work: speak, foley, restore, animate.

ComfyUI imports this folder from its custom_nodes. Only the standard library and what ComfyUI brings are used.
"""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
