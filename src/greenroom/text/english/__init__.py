"""How English is read: one module for each kind of thing that is not said as it is written."""
