"""From noise to latents: schedules, solvers, guidance, and the loop that can be stopped and gone on with."""
