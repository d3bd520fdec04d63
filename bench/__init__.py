"""What the job costs, measured on the simulator."""
