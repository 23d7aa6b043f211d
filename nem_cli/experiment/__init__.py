"""An experiment: its config, its plan of blocks, the runner, the journal and the manifest."""
