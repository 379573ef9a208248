"""What the network is shown beside noise: sizes, frames, masks and latents of the picture and the poses."""
