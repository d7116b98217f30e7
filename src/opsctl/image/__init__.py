"""What is inside a container image, told without unpacking it and without a container engine."""
