"""What is counted for whoever watches the bus: cheap to count, bounded, and gone with the process."""
