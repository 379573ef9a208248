"""A supervised process for each device, and the requests that wait for one."""
