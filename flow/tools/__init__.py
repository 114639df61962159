"""The tools that everything runs on: simulators, builds, child processes, folders of results."""
