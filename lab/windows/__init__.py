"""Windows doubles of the lab: what answers in place of a Windows machine, and how it is put together."""
