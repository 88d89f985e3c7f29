"""What benchmarks share: time and machine, our problems, other people's ways."""
